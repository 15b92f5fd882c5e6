"""Bitmaps from SVG and PNG, hostile ones included."""

import io
import multiprocessing
import re
import threading
from http.server import BaseHTTPRequestHandler, HTTPServer

import numpy as np
import pytest
from PIL import Image

from loaders.icons.formats import shapes
from loaders.icons.formats.pictures import Drawer, picture_shapes
from tests.factories.icons import BOX, SVG, drawn
from udfs.bitmaps import bits, png

pytestmark = pytest.mark.unit


def test_an_svg_is_drawn():
    assert drawn(SVG.format(BOX).encode()).all()
    plus = drawn(SVG.format('<path d="M9 0h6v9h9v6h-9v9H9v-9H0V9h9z"/>').encode())
    assert plus.sum() == 8 * 32 * 2 - 64
    assert (plus == plus.T).all()


def test_ink_is_what_is_dark_and_opaque_or_else_what_is_opaque():
    dark = Image.new("RGBA", (10, 20), (0, 0, 0, 0))
    dark.paste((255, 255, 255, 255), (0, 0, 10, 10))
    dark.paste((30, 30, 90, 255), (0, 10, 10, 20))
    light = Image.new("RGBA", (20, 20), (0, 0, 0, 0))
    light.paste((255, 255, 255, 255), (0, 0, 20, 10))
    for picture, expected in ((dark, 32 * 32), (light, 32 * 16)):
        out = io.BytesIO()
        picture.save(out, "PNG")
        assert drawn(out.getvalue(), "a.png").sum() == expected


@pytest.mark.parametrize("size", [8, 32])
def test_a_picture_of_a_bitmaps_size_is_kept_pixel_by_pixel(size):
    square = np.random.default_rng(1).random((size, size)) < 0.3
    with Drawer() as drawer:
        content = png(bits(square), 1, "#000000", "none")
        (shape,) = picture_shapes("a.png", content, drawer)
    bitmap = {drawn.size: drawn.bits for drawn in shapes.bitmaps([shape])}
    assert bitmap[size] == bits(square)


def test_nothing_outside_an_svg_is_followed(tmp_path):
    Image.new("RGB", (10, 10)).save(tmp_path / "black.png")
    requests = []

    class Listener(BaseHTTPRequestHandler):
        def do_GET(self):
            requests.append(self.path)

    server = HTTPServer(("127.0.0.1", 0), Listener)
    threading.Thread(target=server.serve_forever, args=(0.01,), daemon=True).start()
    there = f"http://127.0.0.1:{server.server_port}/a.png"
    inner = "".join(
        f'<image width="24" height="24" {name}="{where}"/>'
        f'<feImage {name}="{where}"/><use {name}="{where}#a"/>'
        for name in ("href", "xlink:href")
        for where in (there, f"file://{tmp_path}/black.png", f"{tmp_path}/black.png")
    )
    content = SVG.replace("<svg", '<svg xmlns:xlink="http://www.w3.org/1999/xlink"', 1)
    style = f'<style>@import url("{there}"); path {{ fill: url({there}#a) black }}</style>'
    script = "<script>fetch('x')</script>"
    corner = (
        '<path style="fill: black" d="M0 0h6v6H0z"/><path fill="none" stroke="#000" d="M23 23h1"/>'
    )
    try:
        bitmap = drawn(content.format(script + style + inner + corner).encode())
    finally:
        server.shutdown()
        server.server_close()
    assert not requests
    assert bitmap[1:8, :8].all()
    assert bitmap.sum() < 80


@pytest.mark.parametrize(
    ("content", "reason"),
    [
        ("<svg", "broken XML"),
        ("<html/>", "its root element is not svg"),
        (SVG.format(""), "it is empty"),
        (SVG.format("<g>" * 900 + BOX + "</g>" * 900), "nested more than 100 deep"),
        (SVG.replace("24 24", "1 1e9").format(BOX), "it is empty"),
        (SVG.replace("24 24", "1e12 1e12").format(BOX), "its viewBox is not up to 1,000,000,000 wi"),
        (SVG.replace("24 24", "-5 5").format(BOX), "its viewBox is not up to 1,000,000,000 wide"),
        (SVG.replace("24 24", "5 nan").format(BOX), "its viewBox is not four numbers"),
        (SVG.replace("viewBox", "width='0' viewBox").format(BOX), "its width is not up to"),
        (SVG.format("<!--" + "x" * (1 << 20) + "-->"), "more than 1 MB"),
        ('<!DOCTYPE svg [<!ENTITY a SYSTEM "/etc/hostname">]>' + SVG.format("&a;" + BOX), "broken XML"),
        (
            '<!DOCTYPE svg [<!ENTITY a "aaaaaaaaaa">'
            + "".join(
                f'<!ENTITY {this} "{f"&{before};" * 10}">'
                for before, this in zip("abcdefgh", "bcdefghi", strict=True)
            )
            + "]>" + SVG.format("&i;"),
            "broken XML",
        ),
    ],
    ids=["cut", "html", "empty", "deep", "narrow", "huge", "negative", "nan", "flat", "large", "entity", "laughs"],
)  # fmt: skip
def test_a_hostile_svg_is_a_one_line_error(content, reason):
    with pytest.raises(shapes.BadIcon, match=re.escape(reason)):
        drawn(content.encode())


def test_a_huge_view_is_drawn_small():
    assert drawn(
        SVG.replace("24 24", "1e9 1e9").format('<path d="M0 0h1e9v1e9H0z"/>').encode()
    ).all()


@pytest.mark.long
def test_an_svg_that_takes_too_long_or_breaks_the_drawer_leaves_the_others(monkeypatch):
    many = "".join(f'<g id="a{i}">' + f'<use href="#a{i - 1}"/>' * 10 + "</g>" for i in range(1, 6))
    slow = SVG.format(f'<defs><g id="a0">{BOX}</g>{many}</defs><use href="#a5"/>')
    others = set(multiprocessing.active_children())
    with Drawer() as drawer:
        drawer.draw(SVG.format(BOX))
        monkeypatch.setattr("loaders.icons.formats.pictures.SECONDS", 0.5)
        with pytest.raises(shapes.BadIcon, match="takes more than 0.5 seconds"):
            drawer.draw(slow)
        monkeypatch.undo()
        drawer.draw(SVG.format(BOX))
        (process,) = set(multiprocessing.active_children()) - others
        killer = threading.Timer(0.2, process.kill)
        killer.start()
        with pytest.raises(shapes.BadIcon, match="takes more memory than there is, or breaks"):
            drawer.draw(slow)
        assert drawer.draw(SVG.format(BOX)).size == (256, 256)


def test_large_pngs_are_refused_by_their_header():
    out = io.BytesIO()
    Image.new("1", (5000, 10)).save(out, "PNG")
    with pytest.raises(shapes.BadIcon, match="5,000 x 10 pixels"):
        drawn(out.getvalue(), "a.png")
