"""Loading a GGUF model that can be stopped at any time; what goes wrong is said in a sentence."""

from __future__ import annotations

import ctypes
import logging
import sys
import threading
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from avatar_app.core.errors import (
    AvatarError,
    EngineFailed,
    InputInvalid,
    ModelMissing,
    OutOfMemory,
)
from avatar_app.core.out_of_memory import is_out_of_memory
from avatar_app.core.turn import Turn
from avatar_app.engines.dialogue.llama.chat import Chat

_FULL = ("failed to create llama_context", "kv cache", "returned 1")
"""How llama.cpp says that memory ran out; what other libraries say, `is_out_of_memory` knows."""
LOGGER = "llama-cpp-python"
"""It would write to the terminal whenever an answer is stopped; what matters is raised besides."""
MAGIC = b"GGUF"
BATCH = 512
"""Tokens read at once."""
ALL_LAYERS = 999


class Stop:
    """Ends a running computation, from any thread.

    llama.cpp asks a C function between two operations of the network. Asking Python a thousand
    times a token would cost more than some models, so it asks `strlen`, about a text that is empty
    until somebody writes into it.
    """

    def __init__(self) -> None:
        self._text = ctypes.create_string_buffer(2)
        library = ctypes.CDLL("msvcrt" if sys.platform == "win32" else None)
        self._asked = ctypes.cast(library.strlen, ctypes.c_void_p).value
        self._turn: Turn | None = None
        self._lock = threading.Lock()

    def attach(self, context: Any) -> None:
        """Let a `llama_context` ask."""
        import llama_cpp

        callback = ctypes.cast(self._asked or 0, llama_cpp.ggml_abort_callback)
        llama_cpp.llama_set_abort_callback(context, callback, ctypes.addressof(self._text))

    def follow(self, turn: Turn) -> None:
        """From now on the cancelling of `turn` ends what is computed, and that of no other."""
        with self._lock:
            self._turn = turn
            self._text[0] = b"\0"
        turn.when_cancelled(lambda: self._cancelled(turn))

    def forget(self) -> None:
        """Follow nobody."""
        with self._lock:
            self._turn = None
            self._text[0] = b"\0"

    def _cancelled(self, turn: Turn) -> None:
        with self._lock:
            if self._turn is turn:  # a turn that is over is cancelled too
                self._text[0] = b"x"


@dataclass(frozen=True, slots=True)
class Evaluated:
    """What a model read."""

    tokens: int
    seconds: float


@dataclass(frozen=True, slots=True)
class Loaded:
    """A model, ready to answer."""

    model: Any
    """A `llama_cpp.Llama`."""
    stop: Stop
    chat: Chat

    def tokens(self, messages: Sequence[dict[str, Any]], tools: Sequence[Any]) -> list[int]:
        """The conversation up to where the answer begins."""
        text = self.chat.text(messages, tools).encode()
        tokens: list[int] = self.model.tokenize(text, add_bos=True, special=True)
        return tokens

    def evaluated(self) -> Evaluated:
        """What was read of prompts since this was asked last, without what was in the cache."""
        import llama_cpp

        counted = llama_cpp.llama_perf_context(self.model.ctx)
        llama_cpp.llama_perf_context_reset(self.model.ctx)
        return Evaluated(counted.n_p_eval, counted.t_p_eval_ms / 1000)


def load(path: Path, context: int, threads: int, gpu_layers: int) -> tuple[Any, Stop]:
    """A `llama_cpp.Llama` and what stops it.

    `gpu_layers`: −1 takes all that fit. Raises ModelMissing, InputInvalid, OutOfMemory.
    """
    _check(path)
    import llama_cpp

    able = llama_cpp.llama_supports_gpu_offload()
    attempts = [gpu_layers] if gpu_layers >= 0 else [ALL_LAYERS, 16, 8, 0] if able else [0]
    failure: Exception | None = None
    for layers in attempts:
        try:
            model = llama_cpp.Llama(
                str(path),
                n_ctx=context,
                n_batch=min(BATCH, context),
                n_threads=threads,
                n_threads_batch=threads,
                n_gpu_layers=layers,
                verbose=False,
            )
        except (ValueError, RuntimeError, OSError, MemoryError) as error:
            failure = error
            continue
        logging.getLogger(LOGGER).setLevel(logging.CRITICAL)
        stop = Stop()
        stop.attach(model.ctx)
        return model, stop
    assert failure is not None, "there was an attempt"
    raise translated(failure, path) from failure


def translated(error: BaseException, path: Path) -> AvatarError:
    """What the library raised, for a person to read."""
    reason = " ".join(str(error).split())
    said = reason.lower()
    if is_out_of_memory(error) or any(words in said for words in _FULL):
        return OutOfMemory(
            f"The language model {path.stem} does not fit into memory.",
            "Choose a smaller model, a shorter context, or fewer layers on the graphics card.",
        )
    if "failed to load model" in said:
        return InputInvalid(
            f"The language model {path} cannot be loaded; it is damaged or of a kind that the"
            " installed llama.cpp does not know.",
            "Fetch it again, or choose another one.",
        )
    return EngineFailed(f"The language model {path.stem} failed: {reason}.", "Ask again.")


def _check(path: Path) -> None:
    if not path.is_file():
        raise ModelMissing(
            f"No language model at {path}.",
            "Fetch one (avatar-app models download llama-3.2-1b), or choose a GGUF file.",
        )
    with path.open("rb") as file:
        if file.read(len(MAGIC)) != MAGIC:
            raise InputInvalid(f"The file {path} is no GGUF model.", "Choose a file that is.")
