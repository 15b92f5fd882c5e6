"""Options of `load images`."""

from dataclasses import dataclass

from loaders.core.options import LoadOptions


@dataclass(frozen=True)
class ImageOptions(LoadOptions):
    """sources: folders, files, archives and addresses. class_from: "folder", or None.

    sample: load the sample packages. classes: queue a picture for every class of Wikidata that has
    min_count items. fetch: download what is queued, also from `hosts`.
    """

    sources: tuple[str, ...] = ()
    class_from: str | None = None
    sample: bool = False
    classes: bool = False
    min_count: int = 1
    fetch: bool = False
    hosts: tuple[str, ...] = ()

    @property
    def class_from_folder(self) -> bool:
        """Whether a picture's class is the name of its folder."""
        return self.class_from == "folder"
