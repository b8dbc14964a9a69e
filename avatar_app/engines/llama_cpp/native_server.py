"""llama.cpp's own server inside this process, precompiled by xllamacpp."""

from __future__ import annotations

import ctypes
import os
import shutil
import signal
import sys
import tempfile
import threading
from base64 import b64encode
from collections.abc import Callable, Generator, Iterator, Mapping, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from avatar_app.core.thread_pools import sleeping_pools
from avatar_app.core.turn import Turn
from avatar_app.engines.llama_cpp.backend import (
    TEMPLATE,
    Evaluated,
    check_file,
    layers_to_try,
    translate_error,
)
from avatar_app.engines.llama_cpp.connection import Endpoint, Refused, Request

CARD_BATCH = 512
SMALL = 300 << 20
"""Bytes of a model that writes faster than speech on one core."""
BATCHES = ((SMALL, 32), (1 << 30, 16))
"""Tokens processed at once by a processor, for models up to a number of bytes. After each batch the
server checks whether the client is connected; small batches are hardly slower."""
LEAST_BATCH = 8
ONLY_ERRORS = 1
"""Verbosity of llama.cpp."""
LAST_WORDS = "exiting due to"
"""Its last log message where it cannot start, written by another thread."""
SOON = 2.0
"""Timeout in seconds for that message."""
CHECKPOINTS = 4
"""States kept of models that cannot go back in processed text (sliding windows, recurrent ones)."""
_SIGNALS = (signal.SIGINT, signal.SIGTERM)
_ACTION_BYTES = 256
"""More than a `sigaction` has on any system."""


class NativeServer:
    """A `Backend` (https://github.com/xorbitsai/xllamacpp)."""

    window_tokens = 190
    """Voxtral takes 187."""

    def __init__(
        self,
        path: Path,
        context: int,
        threads: int,
        gpu_layers: int,
        projector: Path | None = None,
    ) -> None:
        """`gpu_layers`: −1 uses all that fit. `projector`: the file (mmproj) by which the model
        sees or hears. Raises ModelMissing, InputInvalid, OutOfMemory."""
        check_file(path)
        with sleeping_pools():
            import xllamacpp

        self.version = f"xllamacpp {xllamacpp.__version__}"
        self._endpoint = Endpoint()
        self._evaluated = Evaluated()
        try:
            self._server = _started(path, self._endpoint, context, threads, gpu_layers, projector)
            self.metadata, self.marker, self.sees, self.hears = self._described()
        except BaseException:
            self._endpoint.remove()
            raise

    def _described(self) -> tuple[Mapping[str, str], str, bool, bool]:
        """Return the model's metadata, its marker of pictures and sounds, and whether it sees and
        hears."""
        told = Request(self._endpoint).get("/props")
        senses = told.get("modalities", {})
        sees, hears = bool(senses.get("vision")), bool(senses.get("audio"))
        marker = told["media_marker"] if sees or hears else ""
        return {TEMPLATE: told.get("chat_template", "")}, marker, sees, hears

    def count(self, text: str) -> int:
        asked = {"content": text, "add_special": True, "parse_special": True}
        return len(Request(self._endpoint).post("/tokenize", asked)["tokens"])

    def write(
        self,
        text: str,
        longest: int,
        sampling: Mapping[str, Any],
        turn: Turn,
        media: Sequence[bytes] = (),
    ) -> Generator[str]:
        encoded = [b64encode(file).decode("ascii") for file in media]
        given = {"prompt_string": text, "multimodal_data": encoded}
        for document in self._completed(given if media else text, longest, sampling, turn):
            yield document.get("content", "")

    def tokens(self, text: str, *, special: bool) -> list[int]:
        asked = {"content": text, "add_special": False, "parse_special": special}
        return [int(token) for token in Request(self._endpoint).post("/tokenize", asked)["tokens"]]

    def write_tokens(
        self, prompt: Sequence[int], longest: int, sampling: Mapping[str, Any], turn: Turn
    ) -> Generator[int]:
        asked = dict(sampling) | {"return_tokens": True}
        for document in self._completed(list(prompt), longest, asked, turn):
            if not document.get("stop"):  # the last one repeats them all
                yield from document.get("tokens", ())

    def _completed(
        self,
        prompt: str | list[int] | dict[str, Any],
        longest: int,
        sampling: Mapping[str, Any],
        turn: Turn,
    ) -> Generator[Mapping[str, Any]]:
        """Yield the server's documents while it continues `prompt`."""
        request = Request(self._endpoint)
        turn.when_cancelled(request.cut)
        body = {"prompt": prompt, "n_predict": longest, "cache_prompt": True, "id_slot": 0}
        streaming = {"stream": True, "return_progress": True}
        read = Evaluated()
        try:
            for document in request.stream("/completion", body | streaming | dict(sampling)):
                turn.check()
                read = _read(document) or read
                yield document
        except Refused as error:
            raise RuntimeError(str(error)) from error
        finally:
            self._evaluated += read
            request.close()

    def read(self, text: str, turn: Turn) -> Generator[str]:
        for _ in self.write(text, 0, {}, turn):
            yield ""

    def evaluated(self) -> Evaluated:
        read, self._evaluated = self._evaluated, Evaluated()
        return read

    def save(self, file: Path) -> None:
        self._slot("save", file.name)
        shutil.move(self._endpoint.folder / file.name, file)

    def restore(self, file: Path) -> None:
        copied = Path(shutil.copy(file, self._endpoint.folder))
        try:
            self._slot("restore", copied.name)
        finally:
            copied.unlink()

    def close(self) -> None:
        del self._server
        self._endpoint.remove()

    def _slot(self, action: str, name: str) -> None:
        try:
            Request(self._endpoint).post(f"/slots/0?action={action}", {"filename": name})
        except Refused as error:
            raise ValueError(str(error)) from error


def _started(
    path: Path,
    endpoint: Endpoint,
    context: int,
    threads: int,
    gpu_layers: int,
    projector: Path | None,
) -> Any:
    """Start a server at `endpoint`, with as many layers on the graphics card as fit."""
    import xllamacpp

    failure = ""
    devices = xllamacpp.get_device_info()
    has_card = any(each["type"].name.endswith("GPU") for each in devices)
    for layers in layers_to_try(gpu_layers, has_card=has_card):
        parameters = _parameters(path, endpoint, context, threads)
        parameters.n_gpu_layers = layers
        if projector is not None:
            parameters.mmproj.path, parameters.mmproj_use_gpu = str(projector), layers != 0
        parameters.n_batch = parameters.n_ubatch = _batch(path) if layers == 0 else CARD_BATCH
        with _preserved_signals(), _errors_caught() as errors:
            try:
                server = xllamacpp.Server(parameters)
            except RuntimeError as error:
                failure = errors() or str(error)
                continue
        if not endpoint.has_file:
            endpoint.port = int(server.listening_address.rpartition(":")[2])
        return server
    raise translate_error(RuntimeError(failure), path)


def _parameters(path: Path, endpoint: Endpoint, context: int, threads: int) -> Any:
    import xllamacpp

    made = xllamacpp.CommonParams()
    made.model.path = str(path)
    made.n_ctx, made.n_parallel = context, 1
    made.cpuparams.n_threads, made.cpuparams_batch.n_threads = _writing(path, threads), threads
    made.fit_params = made.warmup = made.ui = False
    made.cache_ram_mib, made.n_ctx_checkpoints = 0, CHECKPOINTS
    made.verbosity = ONLY_ERRORS
    made.hostnames, made.api_keys = [endpoint.host], [endpoint.key]
    made.slot_save_path = f"{endpoint.folder}{os.sep}"
    return made


def _writing(path: Path, threads: int) -> int:
    """Return the threads for writing an answer: a small model needs half as many as for reading,
    and is as quick; the voice, which speaks the first words meanwhile, gets the others."""
    return max(1, threads // 2) if path.stat().st_size <= SMALL else threads


def _batch(path: Path) -> int:
    size = path.stat().st_size
    return next((batch for most, batch in BATCHES if size <= most), LEAST_BATCH)


def _read(document: Mapping[str, Any]) -> Evaluated | None:
    """Return the progress of processing, if a document of the stream contains it."""
    if progress := document.get("prompt_progress"):
        return Evaluated(progress["processed"] - progress["cache"], progress["time_ms"] / 1000)
    if timings := document.get("timings"):
        return Evaluated(timings["prompt_n"], timings["prompt_ms"] / 1000)
    return None


@contextmanager
def _preserved_signals() -> Iterator[None]:
    """Keep the program's signal handlers: llama.cpp's server installs its own."""
    if sys.platform == "win32":
        yield
        return
    library = ctypes.CDLL(None)
    before = {each: ctypes.create_string_buffer(_ACTION_BYTES) for each in _SIGNALS}
    for number, action in before.items():
        library.sigaction(number, None, action)
    try:
        yield
    finally:
        for number, action in before.items():
            library.sigaction(number, action, None)


@contextmanager
def _errors_caught() -> Iterator[Callable[[], str]]:
    """Capture llama.cpp's log, the only place with the reason of a failure; yields a function that
    returns it."""
    sys.stderr.flush()
    terminal = os.dup(2)
    with tempfile.TemporaryFile() as written:
        os.dup2(written.fileno(), 2)

        def errors() -> str:
            for _ in range(int(SOON / 0.01)):
                written.seek(0)
                if LAST_WORDS in (text := written.read().decode(errors="replace")):
                    return text
                threading.Event().wait(0.01)
            return text

        try:
            yield errors
        finally:
            os.dup2(terminal, 2)
            os.close(terminal)
