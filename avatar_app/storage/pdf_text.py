"""The text of PDF files, page by page, read in a process of its own with limits.

A file may be made to harm who reads it: to last for ever, or to unpack into gigabytes. What happens
to the reader happens to a process that has a time, a memory and nothing to lose.
"""

from __future__ import annotations

import json
import multiprocessing
import os
from collections.abc import Iterator
from multiprocessing.connection import Connection
from pathlib import Path
from typing import Any

from avatar_app.core.errors import InputInvalid
from avatar_app.storage.file_size import check_size

LARGEST = 50 * 2**20
"""Bytes of a file."""
MOST_PAGES = 1000
MOST_CHARACTERS = 2_000_000
"""Of all pages: more is left out."""
LONGEST_ANSWER = 16 * MOST_CHARACTERS
"""Bytes of what the process answers, as JSON."""
SECONDS = 30.0
MEMORY = 1024 * 2**20
"""Bytes of addresses, where the system can limit them."""
LOCKED, DAMAGED = "locked", "damaged"
Pages = list[tuple[int, str]]
"""Numbers from 1, and texts; pages without text are left out."""


def pages_of(path: Path, seconds: float = SECONDS) -> Pages:
    """Return the text of a PDF file. Raises InputInvalid."""
    check_size(path, LARGEST)
    found = _answer(path, seconds)
    if found == LOCKED:
        raise InputInvalid(f"{path.name} is locked with a password.", "Save it without one.")
    if not isinstance(found, list):
        raise InputInvalid(f"{path.name} is damaged, or no PDF.", "Choose another file.")
    if not found:
        raise InputInvalid(
            f"{path.name} has no text: its pages are pictures.", "Recognize its text first."
        )
    return found


def _answer(path: Path, seconds: float) -> Pages | str:
    """Return what the reading process answers; DAMAGED where it ends without."""
    context = multiprocessing.get_context("spawn")
    ours, theirs = context.Pipe(duplex=False)
    process = context.Process(target=_read, args=(str(path), theirs), name="pdf", daemon=True)
    process.start()
    theirs.close()
    try:
        if not ours.poll(seconds):
            raise InputInvalid(
                f"{path.name} takes more than {seconds:.0f} seconds to read.",
                "Choose a part of it.",
            )
        answer = json.loads(ours.recv_bytes(LONGEST_ANSWER))
        return answer if isinstance(answer, str) else [(page, text) for page, text in answer]
    except (EOFError, OSError):
        return DAMAGED
    finally:
        process.kill()
        process.join()
        ours.close()


def _read(path: str, answer: Connection) -> None:
    """Read in the process of its own; whatever a hostile file causes ends that one."""
    _limit()
    from pypdf import PdfReader
    from pypdf.errors import PyPdfError

    try:
        reader = PdfReader(path, strict=False)
        if reader.is_encrypted and not reader.decrypt(""):
            answer.send_bytes(json.dumps(LOCKED).encode())
            return
        answer.send_bytes(json.dumps(list(_texts(reader))).encode())
    except (PyPdfError, ValueError, LookupError, TypeError, RecursionError, MemoryError):
        answer.send_bytes(json.dumps(DAMAGED).encode())


def _texts(reader: Any) -> Iterator[tuple[int, str]]:
    left = MOST_CHARACTERS
    for number, page in enumerate(reader.pages, 1):
        if number > MOST_PAGES or left <= 0:
            return
        text = page.extract_text().strip()[:left]
        left -= len(text)
        if text:
            yield number, text


def _limit() -> None:
    """Take what this process may have, and let it tell nobody about broken files."""
    quiet = os.open(os.devnull, os.O_WRONLY)
    os.dup2(quiet, 2)
    try:
        import resource
    except ImportError:  # Windows has none: there the time is the limit
        return
    resource.setrlimit(resource.RLIMIT_AS, (MEMORY, MEMORY))
    resource.setrlimit(resource.RLIMIT_CORE, (0, 0))
