"""Print the part of requirements.lock that some extras of pyproject.toml need.

`./pgmuse setup` runs this file before any package is installed, so it uses the standard library
only. A lock entry has its parents in a comment, which `make lock` writes:

    numpy==2.4.6 \\
        --hash=sha256:... \\
        # via
        #   gensim
        #   pgmuse (pyproject.toml)
"""

import re
import sys
import tomllib
from collections.abc import Iterable
from pathlib import Path

ROOT = Path(__file__).resolve().parents[2]
OWN = "pgmuse (pyproject.toml)"  # the parent of what pyproject.toml itself names
ENTRY = re.compile(r"^([a-z0-9][a-z0-9._-]*)==.*\n(?:[ \t]+.*\n)*", re.MULTILINE)
PARENTS = re.compile(r"^ +#(?: via)? +(\S.*)$", re.MULTILINE)


def select(project: str, lock: str, extras: Iterable[str]) -> str:
    """The entries of `lock` that the package, its build and these extras need.

    project: pyproject.toml. Errors: KeyError where an extra does not exist.
    """
    entries = [(match[1], match[0]) for match in ENTRY.finditer(lock)]  # a name may have two
    parents: dict[str, set[str]] = {name: set() for name, _ in entries}
    for name, text in entries:
        parents[name] |= set(PARENTS.findall(text)) - {OWN}
    needed = set(required(project, extras)) & parents.keys()
    while children := {name for name in parents if parents[name] & needed} - needed:
        needed |= children
    return "".join(text for name, text in entries if name in needed)


def required(project: str, extras: Iterable[str]) -> list[str]:
    """The names in pyproject.toml's dependencies, build requirements and extras."""
    data = tomllib.loads(project)
    optional = data["project"]["optional-dependencies"]
    lists = [data["project"]["dependencies"], data["build-system"]["requires"]]
    lists += [optional[extra] for extra in extras]
    return [normalized(requirement) for part in lists for requirement in part]


def normalized(requirement: str) -> str:
    """The name of a requirement as a lock writes it."""
    name = re.match(r"[A-Za-z0-9._-]+", requirement)
    assert name is not None
    return re.sub(r"[-_.]+", "-", name[0]).lower()


def main(extras: list[str]) -> int:
    """Print the entries; `samples` is no extra of packages and is skipped."""
    names = ("pyproject.toml", "requirements.lock")
    project, lock = ((ROOT / name).read_text(encoding="utf-8") for name in names)
    try:
        print(select(project, lock, [extra for extra in extras if extra != "samples"]), end="")
    except KeyError as error:
        print(f"pgmuse: there is no extra {error}: see pyproject.toml", file=sys.stderr)
        return 1
    return 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
