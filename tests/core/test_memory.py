"""The memory limits of containers and services, in cgroups of version 1 and 2."""

from pathlib import Path

import pytest

from loaders.core.server import memory
from loaders.core.server.memory import limits, this_machine

pytestmark = pytest.mark.unit

GIGABYTE = 1 << 30
NO_LIMIT = "9223372036854771712\n"  # version 1


def cgroups(folder: Path, own: str, files: dict[str, str]) -> dict[str, Path]:
    """The arguments of `limits`: this process's cgroups, and files below the mounted root."""
    (folder / "cgroup").write_text(own)
    for name, text in files.items():
        path = folder / "root" / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(text)
    return {"own": folder / "cgroup", "root": folder / "root"}


@pytest.mark.parametrize(
    ("own", "files", "expected"),
    [
        # A container with a namespace of its own
        ("0::/\n", {"memory.max": f"{GIGABYTE}\n"}, [GIGABYTE]),
        ("0::/\n", {"memory.max": "max\n"}, []),
        # A service of systemd, in a slice with a lower limit
        (
            "0::/a.slice/b.service\n",
            {"a.slice/memory.max": "5\n", "a.slice/b.service/memory.max": "7\n"},
            [7, 5],
        ),
        # A container that sees the path of its host
        ("4:memory:/docker/1f\n", {"memory/memory.limit_in_bytes": f"{GIGABYTE}\n"}, [GIGABYTE]),
        (
            "5:cpu:/\n4:hugetlb,memory:/a\n0::/\n",
            {"memory/memory.limit_in_bytes": NO_LIMIT, "memory/a/memory.limit_in_bytes": "9\n"},
            [9, int(NO_LIMIT)],
        ),
        # A path that leads out of the root
        ("0::/../..\n", {"memory.max": "3\n"}, []),
        ("", {}, []),
    ],
)
def test_limits(tmp_path, own, files, expected):
    assert list(limits(**cgroups(tmp_path, own, files))) == expected


def test_without_cgroups_there_are_no_limits(tmp_path):
    assert list(limits(tmp_path / "none", tmp_path)) == []


def test_a_container_of_a_gigabyte_has_settings_for_a_gigabyte(tmp_path, monkeypatch):
    places = cgroups(tmp_path, "0::/\n", {"memory.max": f"{GIGABYTE}\n"})
    monkeypatch.setattr(memory, "limits", lambda: limits(**places))
    settings = this_machine()
    assert (settings["shared_buffers"], settings["effective_cache_size"]) == (128, 512)
    monkeypatch.setattr(memory, "limits", lambda: limits(tmp_path / "none", tmp_path))
    assert this_machine()["effective_cache_size"] > 512
