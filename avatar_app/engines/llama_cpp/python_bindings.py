"""llama.cpp through llama-cpp-python, compiled on this machine, with GPU support if wanted."""

from __future__ import annotations

import ctypes
import logging
import sys
import threading
from collections.abc import Generator, Mapping, Sequence
from itertools import islice
from pathlib import Path
from typing import Any

import numpy as np

from avatar_app.core.thread_pools import sleeping_pools
from avatar_app.core.turn import Turn
from avatar_app.engines.llama_cpp.backend import (
    Evaluated,
    check_file,
    layers_to_try,
    translate_error,
)

LOGGER = "llama-cpp-python"
"""Writes to the terminal whenever an answer is stopped; important errors are raised anyway."""
BATCH = 512
"""Tokens read at once."""


class PythonBindings:
    """A `Backend` (https://github.com/abetlen/llama-cpp-python)."""

    marker, sees, hears, window_tokens = "", False, False, 0

    def __init__(self, path: Path, context: int, threads: int, gpu_layers: int) -> None:
        """`gpu_layers`: −1 uses all that fit. Raises ModelMissing, InputInvalid, OutOfMemory."""
        check_file(path)
        with sleeping_pools():
            import llama_cpp

        self.version = f"llama-cpp-python {llama_cpp.__version__}"
        self._library = llama_cpp
        self._model = _loaded(path, context, threads, gpu_layers)
        self.metadata: Mapping[str, str] = self._model.metadata
        self._stop = Stop()
        self._stop.attach(self._model.ctx)

    def count(self, text: str) -> int:
        return len(self._tokens(text))

    def write(
        self,
        text: str,
        longest: int,
        sampling: Mapping[str, Any],
        turn: Turn,
        media: Sequence[bytes] = (),
    ) -> Generator[str]:
        if media:
            raise ValueError("llama-cpp-python is given no pictures or sounds here")
        wanted = dict(sampling)
        wanted["seed"] = None if wanted.get("seed", -1) < 0 else wanted["seed"]
        self._stop.follow(turn)
        try:
            pieces = self._model.create_completion(
                self._tokens(text), max_tokens=longest, stream=True, **wanted
            )
            for piece in pieces:
                turn.check()
                yield piece["choices"][0]["text"]
        finally:
            self._stop.forget()

    def tokens(self, text: str, *, special: bool) -> list[int]:
        found: list[int] = self._model.tokenize(text.encode(), add_bos=False, special=special)
        return found

    def write_tokens(
        self, prompt: Sequence[int], longest: int, sampling: Mapping[str, Any], turn: Turn
    ) -> Generator[int]:
        wanted = {"temp" if name == "temperature" else name: sampling[name] for name in sampling}
        if (seed := wanted.pop("seed", -1)) >= 0:
            self._model.set_seed(seed)
        self._stop.follow(turn)
        try:
            for token in islice(self._model.generate(list(prompt), **wanted), longest):
                turn.check()
                yield int(token)
        finally:
            self._stop.forget()

    def read(self, text: str, turn: Turn) -> Generator[str]:
        for _ in self.write(text, 1, {}, turn):  # it cannot process text without generating
            yield ""

    def evaluated(self) -> Evaluated:
        counted = self._library.llama_perf_context(self._model.ctx)
        self._library.llama_perf_context_reset(self._model.ctx)
        return Evaluated(counted.n_p_eval, counted.t_p_eval_ms / 1000)

    def save(self, file: Path) -> None:
        count = self._model.n_tokens
        tokens = (self._library.llama_token * count)(*self._model.input_ids[:count].tolist())
        if not self._library.llama_state_seq_save_file(
            self._model.ctx, str(file).encode(), 0, tokens, count
        ):
            raise ValueError("the state cannot be stored")

    def restore(self, file: Path) -> None:
        room = self._model.n_ctx()
        tokens, count = (self._library.llama_token * room)(), ctypes.c_size_t()
        self._model.reset()
        if not self._library.llama_state_seq_load_file(
            self._model.ctx, str(file).encode(), 0, tokens, room, ctypes.byref(count)
        ):
            raise ValueError("the state cannot be put back")
        self._model.n_tokens = count.value
        self._model.input_ids[: count.value] = np.ctypeslib.as_array(tokens)[: count.value]

    def close(self) -> None:
        self._model.close()

    def _tokens(self, text: str) -> list[int]:
        tokens: list[int] = self._model.tokenize(text.encode(), add_bos=True, special=True)
        return tokens


class Stop:
    """Aborts a running computation, from any thread.

    llama.cpp calls a C function between two operations of the network. Calling Python a thousand
    times a token would cost more than some models, so it calls `strlen`, on a text that is empty
    until the abort writes into it.
    """

    def __init__(self) -> None:
        self._text = ctypes.create_string_buffer(2)
        library = ctypes.CDLL("msvcrt" if sys.platform == "win32" else None)
        self._asked = ctypes.cast(library.strlen, ctypes.c_void_p).value
        self._turn: Turn | None = None
        self._lock = threading.Lock()

    def attach(self, context: Any) -> None:
        """Install the callback in a `llama_context`."""
        import llama_cpp

        callback = ctypes.cast(self._asked or 0, llama_cpp.ggml_abort_callback)
        llama_cpp.llama_set_abort_callback(context, callback, ctypes.addressof(self._text))

    def follow(self, turn: Turn) -> None:
        """Abort the computation when `turn`, and no other turn, is cancelled."""
        with self._lock:
            self._turn = turn
            self._text[0] = b"\0"
        turn.when_cancelled(lambda: self._cancelled(turn))

    def forget(self) -> None:
        """Stop following a turn."""
        with self._lock:
            self._turn = None
            self._text[0] = b"\0"

    def _cancelled(self, turn: Turn) -> None:
        with self._lock:
            if self._turn is turn:  # a turn that is over is cancelled too
                self._text[0] = b"x"


def _loaded(path: Path, context: int, threads: int, gpu_layers: int) -> Any:
    """Return a `llama_cpp.Llama`, with as many layers on the graphics card as fit."""
    import llama_cpp

    failure: Exception | None = None
    for layers in layers_to_try(gpu_layers, has_card=llama_cpp.llama_supports_gpu_offload()):
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
        return model
    assert failure is not None, "an attempt was made"
    raise translate_error(failure, path) from failure
