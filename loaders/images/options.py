"""Options of `load images`."""

from dataclasses import dataclass

from loaders.core.options import LoadOptions


@dataclass(frozen=True)
class ImageOptions(LoadOptions):
    """sources: folders, files, archives and addresses. class_from: "folder", or None.

    sample: load the sample packages. classes: queue a picture for each class of Wikidata that has
    at least min_count items; their items come from the web service `api` if they are missing.
    fetch: download queued pictures. hosts: further allowed hosts.
    """

    sources: tuple[str, ...] = ()
    class_from: str | None = None
    sample: bool = False
    classes: bool = False
    min_count: int = 1
    api: str | None = None
    fetch: bool = False
    hosts: tuple[str, ...] = ()

    @property
    def class_from_folder(self) -> bool:
        """Whether a picture's class is the name of its folder."""
        return self.class_from == "folder"
