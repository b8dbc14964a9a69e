"""Runs ONNX graphs so that a turn can abort them, sharing the processor with other engines."""

from __future__ import annotations

from typing import Any

from avatar_app.core.errors import AvatarError, InputInvalid, OutOfMemory
from avatar_app.core.out_of_memory import is_out_of_memory
from avatar_app.core.turn import Turn


def session_options(threads: int) -> Any:
    """Options for `threads` cores that wait asleep: spinning takes from recognizer and face what
    they need. The layout of memory is not kept for each length of a phrase: it is never freed.
    """
    from onnxruntime import SessionOptions

    options = SessionOptions()
    options.intra_op_num_threads = threads
    options.enable_mem_pattern = False
    options.add_session_config_entry("session.intra_op.allow_spinning", "0")
    return options


def ending_with(turn: Turn) -> Any:
    """Options for a run of a graph that ends, node by node, when the turn is cancelled; the memory
    that a long phrase took is given back."""
    from onnxruntime import RunOptions

    options = RunOptions()  # of its own: turns end after the next began
    options.add_run_config_entry("memory.enable_memory_arena_shrinkage", "cpu:0")
    turn.when_cancelled(lambda: setattr(options, "terminate", True))
    return options


def graph_error(error: BaseException, name: str, hint: str) -> AvatarError:
    """Return what a library's error means for the user: OutOfMemory, or InputInvalid, as the model
    `name` is damaged; `hint` says how to get it again."""
    if is_out_of_memory(error):
        return OutOfMemory(f"{name} does not fit into memory.", "Choose another voice: espeak.")
    reason = " ".join(str(error).split())[:200]
    return InputInvalid(f"The model {name} is damaged: {reason}", hint)
