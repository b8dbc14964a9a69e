"""Runs ONNX graphs so that a cancelled turn aborts them, and frees what a long phrase needed."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

from avatar_app.core.errors import AvatarError
from avatar_app.core.turn import Turn
from avatar_app.engines.onnx_session import ErrorTexts, inference_errors


@contextmanager
def run_options(turn: Turn, texts: ErrorTexts) -> Iterator[Any]:
    """Yield `onnxruntime.RunOptions` for one run of a graph.

    The run ends at its next node when the turn is cancelled, and the memory that a long phrase
    took is returned to the system. Raises TurnCancelled, OutOfMemory, or EngineFailed.
    """
    from onnxruntime import RunOptions

    options = RunOptions()  # one for each run: turns end after the next began
    options.add_run_config_entry("memory.enable_memory_arena_shrinkage", "cpu:0")
    turn.when_cancelled(lambda: setattr(options, "terminate", True))
    try:
        with inference_errors(texts):
            yield options
    except AvatarError:
        turn.check()  # a run that was aborted fails, too
        raise
    turn.check()
