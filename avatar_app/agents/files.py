"""Files in a model's answer: each a line with its name, and a fence around its text."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from pathlib import Path, PurePosixPath

from avatar_app.core.errors import EngineFailed, InputInvalid
from avatar_app.core.whole_text import whole_text

MOST_FILES, LARGEST_FILE = 20, 200_000
"""Of one answer; characters."""
HOW = (
    "Write each file like this, and nothing else:\nFILE: name.ext\n```\nwhole text of the file\n```"
)
"""What a model is asked."""
_FILE = re.compile(
    r"^[ \t#*`]*FILE:[ \t]*`?(?P<name>[^\n`*]+?)`?\**[ \t]*\n+```[^\n]*\n(?P<text>.*?)^```[ \t]*$",
    re.DOTALL | re.MULTILINE,
)
_NAME = re.compile(r"[A-Za-z0-9_][A-Za-z0-9_. -]{0,60}")


def files_in(answer: str) -> dict[str, str]:
    """Return the files of an answer by their names. Raises EngineFailed where there is none: a
    model that cannot write one is too small for the work."""
    found = {match["name"].strip(): match["text"] for match in _FILE.finditer(answer)}
    files = {name: text for name, text in found.items() if is_safe(name)}
    if not files:
        raise EngineFailed(
            "The language model wrote no file: it may be too small for this work.",
            "Choose a larger one.",
        )
    if len(files) > MOST_FILES or max(map(len, files.values())) > LARGEST_FILE:
        raise EngineFailed("The language model wrote too much.", "Ask for something smaller.")
    return files


def is_safe(name: str) -> bool:
    """Whether a name lies inside the folder, and hides nothing."""
    path = PurePosixPath(name)
    return 0 < len(path.parts) <= 4 and all(_NAME.fullmatch(part) for part in path.parts)


def write_files(folder: Path, files: Mapping[str, str]) -> None:
    """Write files below a folder. Raises InputInvalid."""
    for name, text in files.items():
        path = folder / name
        if not is_safe(name) or not path.resolve().is_relative_to(folder.resolve()):
            raise InputInvalid(f"{name!r} does not lie in the folder of the project.")
        try:
            path.parent.mkdir(parents=True, exist_ok=True)
            path.write_text(whole_text(text), "utf-8")
        except OSError as error:
            raise InputInvalid(f"{path} can't be written: {error.strerror}.") from error


def read_files(folder: Path) -> dict[str, str]:
    """Return the project's files, as far as they are text of a sensible size."""
    return dict(_texts(folder))


def _texts(folder: Path) -> Iterator[tuple[str, str]]:
    for path in sorted(folder.rglob("*")):
        name = path.relative_to(folder).as_posix()
        if path.is_symlink() or not path.is_file() or not is_safe(name):
            continue
        try:
            text = path.read_text("utf-8")
        except (OSError, UnicodeDecodeError):
            continue
        if len(text) <= LARGEST_FILE:
            yield name, text
