"""Check the names in Python code: no words that say nothing, and one class per class name.

`[tool.pgmuse.names]` in pyproject.toml has the settings:

words    names that no variable, parameter, function, attribute or class may have
paths    files and folders that are checked for them
allowed  exceptions: file = [words]
classes  folders in which each class name may be defined once
repeated class names that are defined twice all the same
"""

import ast
import sys
import tomllib
from collections import defaultdict
from collections.abc import Iterator
from pathlib import Path
from typing import Any

ROOT = Path(__file__).resolve().parents[1]


def main(root: Path = ROOT) -> int:
    """Print each violation as `file:line: text`; return 1 if there is one."""
    pyproject = tomllib.loads((root / "pyproject.toml").read_text(encoding="utf-8"))
    settings = pyproject["tool"]["pgmuse"]["names"]
    violations = [*check_words(root, settings), *check_classes(root, settings)]
    for violation in violations:
        print(violation)
    return 1 if violations else 0


def check_words(root: Path, settings: dict[str, Any]) -> Iterator[str]:
    """Each name that is one of the words."""
    words = set(settings["words"])
    for path in python_files(root, settings["paths"]):
        relative = path.relative_to(root).as_posix()
        allowed = settings.get("allowed", {}).get(relative, [])
        for line, name in sorted(defined_names(parse(path))):
            if name in words and name not in allowed:
                yield f"{relative}:{line}: the name {name!r} says nothing: use a noun or a verb"


def check_classes(root: Path, settings: dict[str, Any]) -> Iterator[str]:
    """Each class name that is defined twice, and each exception that is not needed any more."""
    places: dict[str, list[str]] = defaultdict(list)
    for path in python_files(root, settings["classes"]):
        for node in ast.walk(parse(path)):
            if isinstance(node, ast.ClassDef):
                places[node.name].append(f"{path.relative_to(root).as_posix()}:{node.lineno}")
    repeated = {name for name, where in places.items() if len(where) > 1}
    for name in sorted(repeated - set(settings["repeated"])):
        yield f"{places[name][1]}: the class {name} is also defined in {places[name][0]}"
    for name in sorted(set(settings["repeated"]) - repeated):
        yield f"pyproject.toml: the class {name} is defined once: remove it from 'repeated'"


def python_files(root: Path, paths: list[str]) -> Iterator[Path]:
    """The Python files below the paths. Errors: FileNotFoundError for a path that is not there."""
    for path in (root / name for name in paths):
        if not path.exists():
            raise FileNotFoundError(f"pyproject.toml names {path}, which is not there")
        yield from sorted(path.rglob("*.py")) if path.is_dir() else [path]


def parse(path: Path) -> ast.Module:
    return ast.parse(path.read_text(encoding="utf-8"), str(path))


def defined_names(tree: ast.Module) -> Iterator[tuple[int, str]]:
    """Line and name of everything that the code gives a name to."""
    for node in ast.walk(tree):
        match node:
            case ast.Name(id=name, ctx=ast.Store()) | ast.Attribute(attr=name, ctx=ast.Store()):
                yield node.lineno, name
            case ast.FunctionDef(name=name) | ast.AsyncFunctionDef(name=name):
                yield node.lineno, name
            case ast.ClassDef(name=name) | ast.arg(arg=name):
                yield node.lineno, name
            case ast.alias(asname=str(name)):
                yield node.lineno, name
            case ast.ExceptHandler(name=str(name)) | ast.MatchAs(name=str(name)):
                yield node.lineno, name
            case ast.MatchStar(name=str(name)):
                yield node.lineno, name
            case ast.MatchMapping(rest=str(name)):
                yield node.lineno, name


if __name__ == "__main__":
    sys.exit(main())
