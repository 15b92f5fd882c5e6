"""Names of sources: what of them is stored, printed, and read again by refresh."""

from pathlib import Path

import pytest

from loaders.core.errors import Problem
from loaders.core.http.faults import host_of
from loaders.core.sources import Source, check_readable, without_secrets
from loaders.icons.sources import icon_source
from loaders.images.options import ImageOptions
from loaders.images.sources import path_source

pytestmark = pytest.mark.unit

SECRET = "s3cret"


@pytest.mark.parametrize(
    ("location", "repeatable"),
    [
        ("dump.json.gz", True),
        ("https://example.org/dump.json", True),
        ("-", False),
        (f"https://anna:{SECRET}@example.org/dump.json", False),
        (f"https://example.org/dump.json?token={SECRET}", False),
        ("dump\udcff.json", False),
    ],
)
def test_sources_that_refresh_reads_again(location, repeatable):
    source = Source(location)
    assert source.is_repeatable == repeatable
    assert SECRET not in source.name


def test_the_name_of_an_address_holds_no_secret():
    assert without_secrets(f"ftp://anna:{SECRET}@example.org/a?b={SECRET}") == "ftp://example.org/a"


@pytest.mark.parametrize(
    ("work", "url"),
    [
        (host_of, f"ftp://anna:{SECRET}@example.org/a"),
        (host_of, f"https://{SECRET}[/a"),
        (host_of, SECRET),
        (without_secrets, f"https://{SECRET}[/a"),
    ],
)
def test_messages_hold_no_secret(work, url):
    with pytest.raises(Problem, match="no address of the web") as caught:
        work(url)
    assert SECRET not in str(caught.value)


@pytest.mark.parametrize(
    "load",
    [
        lambda url: check_readable(Path(url)),
        lambda url: icon_source(url, None, None),
        lambda url: path_source(Path(url), ImageOptions()),
    ],
)
def test_an_address_that_is_taken_for_a_file_is_named_without_its_login(load):
    with pytest.raises(Problem, match="ftp:/+example.org/a") as caught:
        load(f"ftp://anna:{SECRET}@example.org/a")
    assert SECRET not in str(caught.value)
