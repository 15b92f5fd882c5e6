"""The pages in a browser: Debian's chromium, without a network.

    PGMUSE_EXTRAS="train web parquet audio dev samples browser" ./pgmuse setup
    apt-get install chromium; npm pack axe-core and unpack it into var/axe, for the last test
    ./pgmuse test -m browser

PGMUSE_SCREENSHOTS names a folder for pictures of what was seen.
"""

import os
import re
import shutil
from pathlib import Path

import pytest
from PIL import Image

from loaders.core.config import HOME
from tests.factories.pictures import encoded, shape

pytestmark = pytest.mark.browser
playwright = pytest.importorskip("playwright.sync_api")
CHROMIUM = shutil.which("chromium")
AXE = HOME / "var" / "axe" / "package" / "axe.min.js"
PHONE = {"width": 360, "height": 740}
ADDRESSES = ["/", "/images", "/songs", "/songs?seed=a", "/gallery", "/pad", "/wikidata",
             "/wikidata/classes/Q1", "/wikidata/items/Q2", "/images/1", "/health", "/api"]  # fmt: skip


@pytest.fixture(scope="module")
def chromium():
    if CHROMIUM is None:
        pytest.skip("needs Debian's chromium")
    with playwright.sync_playwright() as driver:
        browser = driver.chromium.launch(executable_path=CHROMIUM, args=["--no-sandbox"])
        yield browser
        browser.close()


@pytest.fixture
def page(chromium, address, request):
    """A new window; what it wrote to the console fails the test, and so do requests elsewhere."""
    settings = getattr(request, "param", {})
    context = chromium.new_context(**{"viewport": {"width": 1200, "height": 900}} | settings)
    one = context.new_page()
    problems = []
    one.on("console", lambda line: problems.append(line.text) if is_fault(line) else None)
    one.on("pageerror", lambda error: problems.append(str(error)))
    one.on(
        "request",
        lambda sent: (
            None if sent.url.startswith((address, "data:", "blob:")) else problems.append(sent.url)
        ),
    )
    one.goto(address)
    yield one
    if folder := os.environ.get("PGMUSE_SCREENSHOTS"):
        name = re.sub(r"\W+", "-", request.node.name)
        one.screenshot(path=Path(folder) / f"{name}.png", full_page=True)
    context.close()
    assert problems == []


def is_fault(line) -> bool:
    """An error in the console, but for answers with the status of an error."""
    return line.type == "error" and "Failed to load resource" not in line.text


def photo(tmp_path, image: Image.Image) -> str:
    path = tmp_path / "photo.jpg"
    path.write_bytes(encoded(image))
    return str(path)


def test_a_chosen_picture_is_looked_up(page, tmp_path):
    page.click("text=Pictures")
    page.set_input_files("#file", photo(tmp_path, shape("ring", 99)))
    page.wait_for_selector(".matches li")
    assert page.inner_text(".matches .class >> nth=0") == "ring"
    assert page.get_attribute(".drop img", "alt") == "The picture that you look up"
    assert "ring" in page.inner_text(".verdict")


def test_a_dropped_and_a_pasted_picture_are_looked_up(page, tmp_path):
    page.click("text=Pictures")
    content = list(encoded(shape("bar", 99)))
    for event in ("drop", "paste"):
        page.evaluate(
            """([event, content]) => {
                const data = new DataTransfer();
                data.items.add(new File([new Uint8Array(content)], "x.jpg", {type: "image/jpeg"}));
                const options = {bubbles: true, cancelable: true};
                document.querySelector("#result").replaceChildren();
                document.dispatchEvent(event === "drop"
                    ? new DragEvent("drop", {...options, dataTransfer: data})
                    : new ClipboardEvent("paste", {...options, clipboardData: data}));
            }""",
            [event, content],
        )
        page.wait_for_selector(".matches li")
        assert page.inner_text(".matches .class >> nth=0") == "bar"


def test_nothing_looks_like_noise(page, tmp_path):
    page.click("text=Pictures")
    noise = Image.effect_noise((300, 300), 90).convert("RGB")
    page.set_input_files("#file", photo(tmp_path, noise))
    page.wait_for_selector(".verdict")
    assert page.inner_text(".verdict") == "Nothing here looks like it."


def test_what_is_no_picture_says_so(page, tmp_path):
    page.click("text=Pictures")
    path = tmp_path / "words.jpg"
    path.write_text("words")
    page.set_input_files("#file", str(path))
    page.wait_for_selector(".problem")
    assert "words.jpg" in page.inner_text(".problem")


def test_letters_become_a_song_and_a_song_a_radio(page):
    page.click("text=Songs")
    page.type("#q", "fir", delay=30)
    page.click("#completion >> text=First Song")
    page.wait_for_selector(".radio li")
    assert page.locator(".radio li").count() == 3
    page.click("text=Less >> nth=1")
    page.wait_for_selector(".tag.unlike")
    page.click(".tag.unlike .remove")
    page.wait_for_selector(".tag.unlike", state="detached")
    with page.expect_download() as download:
        page.click("text=M3U")
    assert download.value.suggested_filename == "radio.m3u"
    page.click("details.sql summary")
    assert "song_radio" in page.inner_text("details.sql code")


def test_icons_are_drawn_on_the_pad(page):
    page.click("text=Pad")
    box = page.locator("canvas").bounding_box()
    page.mouse.move(box["x"] + 20, box["y"] + 20)
    page.mouse.down()
    page.mouse.move(box["x"] + 200, box["y"] + 20, steps=5)
    page.mouse.up()
    page.wait_for_selector("#answer h2")
    assert "cross" in page.inner_text("#answer")
    page.keyboard.press("Tab")
    page.click("text=Clear")
    page.focus("canvas")
    page.keyboard.press("Space")
    assert page.input_value("[name=bitmap]").strip("0") != ""


def test_a_requested_drawing_ends(page):
    """No network is live here, so that it fails, in words."""
    page.click("text=Gallery")
    page.click("text=Draw new icons")
    page.wait_for_selector("#new-icon .problem", timeout=20_000)
    assert "no model is live" in page.inner_text("#new-icon")


@pytest.mark.parametrize("page", [{"viewport": PHONE, "has_touch": True}], indirect=True)
@pytest.mark.parametrize("path", ADDRESSES)
def test_a_phone_scrolls_only_down(page, address, path):
    page.goto(address + path)
    wide = page.evaluate("document.documentElement.scrollWidth")
    assert wide <= PHONE["width"]


@pytest.mark.parametrize(
    "page", [{"color_scheme": "light"}, {"color_scheme": "dark"}], indirect=True
)
@pytest.mark.parametrize("path", ADDRESSES)
def test_axe_finds_nothing_serious(page, address, path):
    if not AXE.is_file():
        pytest.skip(f"needs {AXE}")
    page.goto(address + path)
    page.evaluate(AXE.read_text())
    violations = page.evaluate("axe.run().then((result) => result.violations)")
    serious = [
        (one["id"], one["impact"], [node["html"] for node in one["nodes"]][:3])
        for one in violations
        if one["impact"] in ("serious", "critical")
    ]
    assert serious == []


@pytest.mark.parametrize("page", [{"java_script_enabled": False}], indirect=True)
def test_pages_work_without_scripts(page, address, tmp_path):
    page.goto(f"{address}/images")
    page.set_input_files("#file", photo(tmp_path, shape("ring", 99)))
    page.click("text=Search")
    assert page.inner_text(".matches .class >> nth=0") == "ring"
    page.goto(f"{address}/songs")
    page.fill("#q", "first")
    page.click("button:has-text('Search')")
    page.click("#completion >> text=First Song")
    assert page.locator(".radio li").count() == 3
