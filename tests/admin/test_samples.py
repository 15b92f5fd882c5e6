"""The sample data: local packages of each kind, and what happens when one cannot be fetched."""

import hashlib
import io
import os
import shutil
import subprocess
import tarfile
import zipfile
from dataclasses import replace
from pathlib import Path

import pytest

from loaders.admin.samples import Package, fetch_missing, read_manifest

CHECKSUM = "123 456"
WHEEL = {
    "songs/data.csv": b"a,b\n",
    "songs/__init__.py": b"raise SystemExit('the code of a package was run')\n",
    "songs-1.0.dist-info/LICENSE": b"MIT\n",
    "songs-1.0.dist-info/METADATA": b"Metadata-Version: 2.1\nName: songs\nVersion: 1.0\n",
    "songs-1.0.dist-info/WHEEL": b"Wheel-Version: 1.0\nRoot-Is-Purelib: true\nTag: py3-none-any\n",
    "songs-1.0.dist-info/RECORD": b"",
}
TARBALL = {
    "package/dist/items.json": b"[]",
    "package/index.js": b"process.exit(1)",
    "package/../../outside.json": b"{}",
}
PHOTO = "usr/share/photos/cat.jpg"


def make_wheel(folder: Path) -> Path:
    path = folder / "songs-1.0-py3-none-any.whl"
    with zipfile.ZipFile(path, "w") as wheel:
        for name, content in WHEEL.items():
            wheel.writestr(name, content)
    return path


def make_tarball(folder: Path) -> Path:
    path = folder / "items-2.0.tgz"
    with tarfile.open(path, "w:gz") as tar:
        for name, content in TARBALL.items():
            member = tarfile.TarInfo(name)
            member.size = len(content)
            tar.addfile(member, io.BytesIO(content))
    return path


def make_debian_package(folder: Path) -> Path:
    tree = folder / "tree"
    (tree / PHOTO).parent.mkdir(parents=True)
    (tree / PHOTO).write_bytes(b"a photo")
    (tree / "DEBIAN").mkdir(mode=0o755)
    fields = {"Package": "photos", "Version": "3", "Architecture": "all", "Maintainer": "n <n@x.y>"}
    control = "".join(f"{name}: {value}\n" for name, value in fields.items())
    (tree / "DEBIAN" / "control").write_text(control + "Description: photos\n")
    path = folder / "photos_3_all.deb"
    subprocess.run(["dpkg-deb", "--build", tree, path], check=True, capture_output=True)
    return path


def sha256(path: Path) -> str:
    return f"sha256:{hashlib.sha256(path.read_bytes()).hexdigest()}"


def command(folder: Path, name: str, script: str) -> Path:
    path = folder / name
    path.write_text(f"#!/bin/sh\n{script}\n")
    path.chmod(0o755)
    return path


@pytest.fixture
def archives(tmp_path, monkeypatch) -> dict[str, Path]:
    """The archives of three packages by kind, and commands that serve them without a network."""
    folder = tmp_path / "archives"
    folder.mkdir()
    paths = {
        "pip": make_wheel(folder),
        "npm": make_tarball(folder),
        "debian": make_debian_package(folder),
    }
    programs = tmp_path / "bin"
    programs.mkdir()
    command(programs, "npm", f"cp '{paths['npm']}' .")
    command(programs, "apt-get", f"cp '{paths['debian']}' .")
    monkeypatch.setenv("PATH", f"{programs}:{os.environ['PATH']}")
    monkeypatch.setenv("PIP_NO_INDEX", "1")
    monkeypatch.setenv("PIP_FIND_LINKS", str(folder))
    return paths


@pytest.fixture
def packages(archives) -> list[Package]:
    pip = Package(
        "pip", "songs", ("songs/*.csv", "*/LICENSE"), "MIT", "songs", "1.0", sha256(archives["pip"])
    )
    npm = Package(
        "npm", "items", ("dist/*.json",), "MIT", "the items", "2.0", sha256(archives["npm"])
    )
    return [pip, npm, Package("debian", "photos", ("usr/*.jpg",), "CC0", "photos")]


def files_of(home: Path) -> set[str]:
    samples = home / "samples"
    return {str(path.relative_to(samples)) for path in samples.rglob("*") if path.is_file()}


def state(home: Path) -> str:
    """The first line of the stamp, which ./pgmuse reads before every command."""
    return (home / "samples" / "stamp").read_text().splitlines()[0]


SONGS = {"songs/data.csv", "songs-1.0.dist-info/LICENSE"}
ITEMS = {"items/dist/items.json"}
PHOTOS = {f"debian/{PHOTO}"}


def test_the_files_listed_are_taken_and_no_others(packages, tmp_path, capsys):
    assert fetch_missing(packages, CHECKSUM, tmp_path)
    assert files_of(tmp_path) == {"stamp"} | SONGS | ITEMS | PHOTOS
    assert (tmp_path / "samples" / "songs" / "data.csv").read_bytes() == WHEEL["songs/data.csv"]
    assert (tmp_path / "samples" / "debian" / PHOTO).read_bytes() == b"a photo"
    assert state(tmp_path) == CHECKSUM
    assert capsys.readouterr().err == "pgmuse: fetching the sample data\n"
    assert list((tmp_path / "var" / "setup.tmp").iterdir()) == []


def test_a_path_that_leads_out_of_the_folder_is_not_written(packages, tmp_path):
    npm = replace(packages[1], files=("*.json",))
    assert fetch_missing([npm], CHECKSUM, tmp_path)
    assert files_of(tmp_path) == {"stamp"} | ITEMS
    assert not list(tmp_path.rglob("outside.json"))


@pytest.mark.parametrize("kind", ["pip", "npm", "debian"])
def test_a_failed_download_loses_no_other_package(kind, packages, archives, tmp_path, capsys):
    archives[kind].rename(archives[kind].with_suffix(".gone"))
    assert not fetch_missing(packages, CHECKSUM, tmp_path)
    expected = {"pip": ITEMS | PHOTOS, "npm": SONGS | PHOTOS, "debian": SONGS | ITEMS}[kind]
    assert files_of(tmp_path) == {"stamp"} | expected
    assert state(tmp_path) == f"{CHECKSUM} missing"
    content = next(package.content for package in packages if package.kind == kind)
    log = tmp_path / "var" / "log" / "setup.log"
    assert capsys.readouterr().err.splitlines()[1:] == [
        f"pgmuse: could not fetch {content}, the demo does without (see {log})"
    ]
    assert "download failed with status 1" in log.read_text()

    # The next set-up fetches that package alone.
    archives[kind].with_suffix(".gone").rename(archives[kind])
    for other in {"pip", "npm", "debian"} - {kind}:
        archives[other].unlink()
    assert fetch_missing(packages, CHECKSUM, tmp_path)
    assert files_of(tmp_path) == {"stamp"} | SONGS | ITEMS | PHOTOS
    assert state(tmp_path) == CHECKSUM


def test_an_archive_with_another_hash_is_refused(packages, archives, tmp_path):
    with archives["npm"].open("ab") as file:
        file.write(b"more")
    assert not fetch_missing(packages, CHECKSUM, tmp_path)
    assert files_of(tmp_path) == {"stamp"} | SONGS | PHOTOS
    digest = sha256(archives["npm"])
    assert (
        f"the hash of items-2.0.tgz is {digest}"
        in (tmp_path / "var" / "log" / "setup.log").read_text()
    )


def test_a_listed_file_that_is_not_there_is_a_failure(packages, tmp_path):
    package = replace(packages[0], files=("songs/*.csv", "songs/*.json"))
    assert not fetch_missing([package], CHECKSUM, tmp_path)
    assert files_of(tmp_path) == {"stamp"}
    log = (tmp_path / "var" / "log" / "setup.log").read_text()
    assert "songs-1.0-py3-none-any.whl has no file songs/*.json" in log


def test_without_npm_its_packages_are_left_out(packages, tmp_path, monkeypatch, capsys):
    programs = tmp_path / "no-npm"
    programs.mkdir()
    for name in ("dpkg-deb", "tar", "rm", "sh", "cp"):
        (programs / name).symlink_to(shutil.which(name))
    shutil.copy(shutil.which("apt-get"), programs)
    monkeypatch.setenv("PATH", str(programs))
    assert not fetch_missing(packages, CHECKSUM, tmp_path)
    assert files_of(tmp_path) == {"stamp"} | SONGS | PHOTOS
    line = "pgmuse: the items is left out: it comes with npm, which is not here"
    assert capsys.readouterr().err.splitlines()[1:] == [line]
    assert not fetch_missing(packages, CHECKSUM, tmp_path)
    assert capsys.readouterr().err.splitlines() == [line]


def test_a_new_version_replaces_the_files_of_the_old_one(packages, tmp_path):
    assert fetch_missing(packages, CHECKSUM, tmp_path)
    old = tmp_path / "samples" / "songs" / "of-an-old-version.csv"
    old.write_text("")
    changed = [replace(packages[0], licence="another"), *packages[1:]]
    assert fetch_missing(changed, "789 1", tmp_path)
    assert files_of(tmp_path) == {"stamp"} | SONGS | ITEMS | PHOTOS
    assert state(tmp_path) == "789 1"


def test_the_manifest_states_version_hash_and_licence():
    packages = read_manifest()
    assert {package.kind for package in packages} == {"pip", "npm", "debian"}
    for package in packages:
        assert package.files, package.name
        assert package.licence, package.name
        assert package.content, package.name
        if package.kind != "debian":
            assert package.version, package.name
            algorithm, _, digest = package.hash.partition(":")
            assert len(digest) == 2 * hashlib.new(algorithm).digest_size, package.name
