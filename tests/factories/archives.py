"""Archives for tests."""

import bz2
import gzip
import io
import tarfile
import zipfile
from pathlib import Path

from backports import zstd

PACKED = {"gz": gzip.compress, "bz2": bz2.compress, "zst": zstd.compress, "plain": bytes}


def zipped(path: Path, files: dict[str, bytes]) -> None:
    with zipfile.ZipFile(path, "w", zipfile.ZIP_DEFLATED) as archive:
        for name, content in files.items():
            archive.writestr(name, content)


def tarred(path: Path, files: dict[str, bytes]) -> None:
    out = io.BytesIO()
    kind = {"gz": "w:gz", "bz2": "w:bz2", "xz": "w:xz"}.get(path.suffix[1:], "w")
    with tarfile.open(fileobj=out, mode=kind) as archive:
        for name, content in files.items():
            entry = tarfile.TarInfo(name)
            entry.size = len(content)
            archive.addfile(entry, io.BytesIO(content))
        archive.addfile(link_to("/etc/passwd"))
    packed = zstd.compress(out.getvalue()) if path.suffix == ".zst" else out.getvalue()
    path.write_bytes(packed)


def link_to(target: str) -> tarfile.TarInfo:
    entry = tarfile.TarInfo("link.png")
    entry.type, entry.linkname = tarfile.SYMTYPE, target
    return entry
