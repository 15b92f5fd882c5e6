"""What the command `search` prints for a picture."""

from loaders.core.console import say
from loaders.core.db import connect_to_muse
from loaders.core.errors import check_out
from loaders.core.topics import SearchRequest
from loaders.images.search import matches as images


def search(request: SearchRequest) -> None:
    """Print the stored pictures that are similar to a file; draw them to `out`. Errors: Problem."""
    check_out(request.out, images.WRITABLE)
    query = images.read(request.file)
    with connect_to_muse() as conn:
        if missing := images.check_vectors(conn):
            say(missing)
        matches = images.search(conn, query, request.n, request.min_confidence)
        kinds = images.classes(conn, query, request.n) if matches else []
    print(images.table(matches))
    if kinds:
        print(f"\n{images.table_of_classes(kinds)}")
    verdict = images.verdict(matches, kinds)
    say(verdict)
    if request.out is not None and matches:
        images.picture(query, verdict, matches, request.out)
        say(f"wrote {request.out}")
