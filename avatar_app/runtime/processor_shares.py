"""Processor shares: the one table of which engine goes first, and how many threads each one has.

What somebody waits for now goes first: the voice and the face, then the words of the user, then the
rest of an answer and the prompt that is read ahead.
"""

from __future__ import annotations

import os
from dataclasses import dataclass
from typing import Any

from avatar_app.core.manifest import Kind
from avatar_app.engines.hosting.share import ProcessShare

THREADS = "threads"
"""The engines' option for the number of their threads; 0 leaves it to the table."""


@dataclass(frozen=True, slots=True)
class ProcessorShare:
    """What one kind of engine takes of the processor."""

    niceness: int
    """Of its process, above the program's own."""
    most_threads: int
    """On a machine with many cores."""


SHARES = {
    Kind.TTS: ProcessorShare(0, 4),
    Kind.FACE: ProcessorShare(0, 2),
    Kind.ASR: ProcessorShare(1, 4),
    Kind.DIALOGUE: ProcessorShare(2, 8),
    Kind.ENHANCE: ProcessorShare(2, 4),
    Kind.IMAGE: ProcessorShare(3, 8),
    Kind.VIDEO: ProcessorShare(3, 8),
    Kind.ANIMATE: ProcessorShare(3, 8),
    Kind.RENDERER: ProcessorShare(3, 8),
    Kind.VERIFY: ProcessorShare(3, 4),
}
"""Kinds that are not named compute in the conversation's own thread. The steps are small: other
programs are not nice, and an answer must come beside them too."""
LEAST_THREADS = 2
"""Where there are as many cores: engines rarely work at the same time."""


def share_of(kind: Kind) -> ProcessShare:
    """The share of a process that serves an engine of this kind."""
    return ProcessShare(SHARES[kind].niceness if kind in SHARES else 0)


def threads_for(kind: Kind, cores: int | None = None) -> int:
    """Half of the cores, but two at least and the table's number at most."""
    available = cores or os.cpu_count() or 1
    most = SHARES[kind].most_threads if kind in SHARES else 1
    return min(available, max(LEAST_THREADS, available // 2), most)


def with_threads(options: dict[str, Any], kind: Kind) -> dict[str, Any]:
    """The options with the table's number of threads where they leave it open."""
    return options | {THREADS: threads_for(kind)} if options.get(THREADS) == 0 else options
