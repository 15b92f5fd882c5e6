"""The paths that documentation names exist."""

import re

import pytest

from loaders.core.config import ROOT

pytestmark = pytest.mark.unit

PAGES = [ROOT / "CONTRIBUTING.md", *sorted((ROOT / "docs").rglob("*.md"))]
PATH = re.compile(r"`((?:[a-z_0-9]+/)+(?:[a-z_0-9]+\.(?:py|sql|md|toml|json))?)`")
ELSEWHERE = ("var/", "samples/", "secrets/", "loaders/schema/")  # of a running system; of a wheel
LINK = re.compile(r"\]\(([^)#:]+)(?:#[^)]*)?\)")
TOPICS = {path.name for path in (ROOT / "loaders").iterdir() if path.is_dir()}


def exists(name: str) -> bool:
    """Below the root, below loaders/, or below a topic."""
    folders = [ROOT, ROOT / "loaders", *(ROOT / "loaders" / topic for topic in TOPICS)]
    return any((folder / name).exists() for folder in folders)


@pytest.mark.parametrize("page", PAGES, ids=lambda page: str(page.relative_to(ROOT)))
def test_paths_exist(page):
    names = [name for name in PATH.findall(page.read_text()) if not name.startswith(ELSEWHERE)]
    missing = [name for name in names if not exists(name)]
    assert missing == []


@pytest.mark.parametrize("page", [ROOT / "README.md", *PAGES], ids=lambda page: page.name)
def test_links_lead_somewhere(page):
    links = LINK.findall(page.read_text())
    assert [link for link in links if not (page.parent / link).exists()] == []
