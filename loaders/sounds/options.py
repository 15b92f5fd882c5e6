"""Options of `load audio`."""

from dataclasses import dataclass

from loaders.core.options import LoadOptions


@dataclass(frozen=True)
class SoundOptions(LoadOptions):
    """sources: folders and files. sample: load the sample package."""

    sources: tuple[str, ...] = ()
    sample: bool = False
