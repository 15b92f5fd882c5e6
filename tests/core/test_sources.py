"""Names of sources: what of them is stored, printed, and read again by refresh."""

import pytest

from loaders.core.errors import Problem
from loaders.core.http.faults import host_of
from loaders.core.sources import Source, without_secrets

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
