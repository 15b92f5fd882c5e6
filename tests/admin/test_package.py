"""The wheel: what is in it, and that it works in an environment without the checkout."""

import os
import subprocess
import sys
import sysconfig
import venv
import zipfile
from pathlib import Path

import psycopg
import pytest

from loaders.core import config
from loaders.core.config import ROOT

# What only training, tests and linters need must not be needed otherwise.
EXTRAS = (
    "tensorflow",
    "keras",
    "gensim",
    "scipy",
    "pyarrow",
    "soundfile",
    "tinytag",
    "pytest",
    "hatchling",
)


@pytest.fixture(scope="module")
def wheel(tmp_path_factory) -> Path:
    folder = tmp_path_factory.mktemp("wheel")
    command = [
        sys.executable, "-m", "pip", "wheel", "--quiet", "--no-deps", "--no-index",
        "--no-build-isolation", "--wheel-dir", str(folder), str(ROOT),
    ]  # fmt: skip
    subprocess.run(command, check=True, cwd=folder)
    (path,) = folder.iterdir()
    return path


@pytest.fixture(scope="module")
def installed(wheel, tmp_path_factory) -> Path:
    """An environment with the wheel, and the locked packages behind it."""
    folder = tmp_path_factory.mktemp("installed")
    venv.create(folder, with_pip=False, symlinks=True)
    command = [
        sys.executable, "-m", "pip", "--python", str(folder / "bin" / "python"), "install",
        "--quiet", "--no-deps", "--no-index", str(wheel),
    ]  # fmt: skip
    subprocess.run(command, check=True, cwd=folder)
    packages = next(folder.glob("lib/python3*/site-packages"))
    without_extras = f"import sys; sys.modules.update(dict.fromkeys({EXTRAS!r}))"
    lines = [sysconfig.get_path("purelib"), without_extras]
    (packages / "locked.pth").write_text("\n".join(lines) + "\n")
    return folder


@pytest.fixture
def database(server) -> str:
    with server.connect(dbname="postgres", autocommit=True) as admin:
        admin.execute("create database packaged")
    yield "packaged"
    with server.connect(dbname="postgres", autocommit=True) as admin:
        admin.execute("drop database packaged with (force)")


def run(installed: Path, folder: Path, *arguments: str, **variables: str):
    """Run a program of the environment outside the checkout."""
    environment = {name: os.environ[name] for name in os.environ if "PGMUSE" not in name}
    environment |= {"XDG_DATA_HOME": str(folder / "data")} | variables
    program, *rest = arguments
    return subprocess.run(
        [installed / "bin" / program, *rest], cwd=folder, env=environment, capture_output=True,
        text=True, check=False,
    )  # fmt: skip


def test_the_wheel_holds_code_schema_and_networks(wheel):
    with zipfile.ZipFile(wheel) as archive:
        names = set(archive.namelist())
    for folder in ("sql", "migrations", "migrations/versions"):
        for path in (ROOT / folder).glob("*.*"):
            assert f"loaders/schema/{folder}/{path.name}" in names
    for folder in (
        "udfs", "web", "web/static", "web/templates", "web/templates/parts", "loaders/icons/shipped",
        "loaders/images/search", "loaders/admin",
    ):  # fmt: skip
        for path in (ROOT / folder).glob("*.*"):
            assert f"{folder}/{path.name}" in names
    top = {name.partition("/")[0] for name in names}
    assert top == {"loaders", "udfs", "web", f"pgmuse-{config.version()}.dist-info"}
    assert not [name for name in names if "__pycache__" in name]


def test_an_installed_wheel_migrates_a_database_and_fills_it(installed, server, database, tmp_path):
    def pgmuse(*arguments: str):
        return run(installed, tmp_path, "pgmuse", *arguments, PGDATABASE=database)

    (tmp_path / "lists.csv").write_text("playlist,track\na,One\na,Two\n")
    for command in ("migrate", "load playlists lists.csv", "load models", "migrate"):
        done = pgmuse(*command.split())
        assert (done.returncode, done.stdout) == (0, ""), done.stderr
    with server.connect(dbname=database) as conn:
        tracks = conn.execute("select track_id from muse.songs order by 1").fetchall()
        assert tracks == [("one",), ("two",)]
        icons = conn.execute("select bitmap from muse.generate_icons('icons_8', n => 2)")
        assert len(icons.fetchall()) == 2

    # Without the extra `train`, training says what to install.
    done = pgmuse("train", "songs")
    assert done.returncode == 1
    assert done.stderr.splitlines()[-1] == "pgmuse: this needs scipy: pip install 'pgmuse[train]'"


def test_what_needs_the_repository_says_so(installed, tmp_path):
    for command in (["test"], ["bench", "songs"]):
        done = run(installed, tmp_path, "pgmuse", *command)
        assert done.returncode == 1
        assert done.stderr.count("\n") == 1
        assert "are in the repository, not in the installed package" in done.stderr


PATHS = (
    "from loaders.core import config; print(config.ROOT, config.HOME, config.version(), sep='\\n')"
)


def test_an_installed_wheel_keeps_data_in_the_users_folder(installed, tmp_path):
    done = run(installed, tmp_path, "python", "-c", PATHS)
    packages = next(installed.glob("lib/python3*/site-packages"))
    home = tmp_path / "data" / "pgmuse" if os.geteuid() else Path("/var/lib/pgmuse/installed")
    assert done.stdout.splitlines() == [
        str(packages / "loaders" / "schema"), str(home), config.version()
    ]  # fmt: skip


def test_the_command_of_the_environment_works_from_any_folder(tmp_path):
    environment = Path(sys.prefix)
    assert (environment / "bin" / "pgmuse").is_file()
    done = run(environment, tmp_path, "python", "-P", "-c", PATHS)
    assert done.stdout.splitlines() == [str(ROOT), str(environment.parent), config.version()]
    done = run(environment, tmp_path, "pgmuse", "--help")
    assert (done.returncode, "migrate" in done.stdout) == (0, True)


def test_the_bare_alembic_command_works_from_the_checkout(server, db: psycopg.Connection):
    alembic = Path(sys.prefix) / "bin" / "alembic"
    done = subprocess.run(
        [alembic, "current"], cwd=ROOT, capture_output=True, text=True, check=True
    )
    (revision,) = db.execute("select version_num from muse.alembic_version").fetchone()
    assert done.stdout.startswith(revision)
