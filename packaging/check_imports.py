"""Import in a bundle all that the program imports anywhere, also late and in functions.

    build/bundle/bin/python3 -I packaging/check_imports.py

What was taken off a bundle by mistake is often imported late: by an update, a rare photo, a tool.
Packages that are not installed belong to an extra or another system, and are left out.
"""

from __future__ import annotations

import ast
import importlib
import sys
from collections.abc import Iterator
from importlib.util import find_spec
from pathlib import Path

import avatar_app

PROGRAM = Path(avatar_app.__file__).parent


def main() -> int:
    """Print each import that fails; returns 1 if there is one."""
    failed = {each: reason for each in sorted(imports()) if (reason := failure(*each))}
    for (module, name), reason in failed.items():
        print(f"{module}{'.' if name else ''}{name}: {reason}")  # noqa: T201
    return bool(failed)


def imports() -> set[tuple[str, str]]:
    """Return all imported modules, each with the name that is taken from it, or none."""
    files = PROGRAM.rglob("*.py")
    return {each for file in files for each in _imports_of(file.read_text(encoding="utf-8"))}


def _imports_of(source: str) -> Iterator[tuple[str, str]]:
    for node in ast.walk(ast.parse(source)):
        if isinstance(node, ast.Import):
            yield from ((each.name, "") for each in node.names)
        elif isinstance(node, ast.ImportFrom) and node.module and not node.level:
            yield from ((node.module, each.name) for each in node.names)


def failure(module: str, name: str) -> str:
    """Return why an import fails; nothing if it works, or its package is not installed."""
    try:
        found = importlib.import_module(module)
        if name and not hasattr(found, name):
            importlib.import_module(f"{module}.{name}")
    except Exception as error:  # noqa: BLE001  # whatever a package does
        if isinstance(error, ModuleNotFoundError) and not _is_installed(error.name or ""):
            return ""
        return f"{type(error).__name__}: {error}"
    return ""


def _is_installed(module: str) -> bool:
    """Tell whether there is a part at least of the package that a module belongs to."""
    return find_spec(module.split(".")[0]) is not None


if __name__ == "__main__":
    sys.exit(main())
