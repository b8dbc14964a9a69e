"""Answers with any language model in GGUF, on this computer: llama.cpp."""

from __future__ import annotations

import importlib.util
import threading
from collections.abc import Generator, Iterator
from contextlib import closing
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

from avatar_app.core.errors import ConfigInvalid
from avatar_app.core.prompt import Prompt
from avatar_app.core.turn import Turn
from avatar_app.core.values import ToolCall, ToolResult
from avatar_app.engines.dialogue.llama.backend import Backend, Evaluated, translated
from avatar_app.engines.dialogue.llama.chat import Chat
from avatar_app.engines.dialogue.llama.native_server import NativeServer
from avatar_app.engines.dialogue.llama.python_bindings import PythonBindings
from avatar_app.engines.dialogue.prompting.budget import fitted
from avatar_app.engines.dialogue.prompting.messages import described
from avatar_app.engines.dialogue.prompting.replies import sorted_out

LEAST_ROOM = 0.5
"""Of the context: what the conversation leaves for the answer at least, in short contexts."""


AUTO, COMPILED = "auto", "llama-cpp-python"
"""Which library the model is computed with."""


@dataclass(frozen=True, slots=True)
class _Choices:
    """The options of the manifest."""

    model: str = ""
    context: int = 4096
    gpu_layers: int = -1
    threads: int = 2
    temperature: float = 0.7
    top_p: float = 0.9
    top_k: int = 40
    min_p: float = 0.05
    repeat_penalty: float = 1.1
    longest: int = 400
    seed: int = -1
    library: str = AUTO

    @property
    def network(self) -> tuple[Any, ...]:
        """What takes seconds to change."""
        return self.model, self.context, self.gpu_layers, self.threads, self.library

    @property
    def sampling(self) -> dict[str, Any]:
        return {
            "temperature": self.temperature,
            "top_p": self.top_p,
            "top_k": self.top_k,
            "min_p": self.min_p,
            "repeat_penalty": self.repeat_penalty,
            "seed": self.seed,
        }


@dataclass(frozen=True, slots=True)
class _Loaded:
    """A model, ready to answer."""

    backend: Backend
    chat: Chat


class LlamaDialogue:
    """A `core.engines.Dialogue` (https://github.com/ggml-org/llama.cpp).

    What the model has read stays in its cache: the next turn reads only what is new. A cancelled
    turn ends within a few tokens, also while the model is still reading.
    """

    def __init__(self, **options: Any) -> None:
        self._choices = _Choices(**options)
        self._answering = threading.Lock()  # a cancelled answer may end after the next has begun
        self._loaded: _Loaded | None = _load(self._choices)

    def configure(self, **options: Any) -> None:
        choices = replace(self._choices, **options)
        with self._answering:
            if choices.network != self._choices.network:
                self.close()  # two models at once might not fit
                self._loaded = _load(choices)
            self._choices = choices

    def close(self) -> None:
        loaded, self._loaded = self._loaded, None
        if loaded is not None:
            loaded.backend.close()

    def evaluated(self) -> Evaluated:
        """What was read of prompts since this was asked last; no more than what was new."""
        return self._open().backend.evaluated()

    def reply(
        self, prompt: Prompt, turn: Turn
    ) -> Generator[str | ToolCall, ToolResult | None, None]:
        """Yields "" as well, while the model reads."""
        with self._answering:
            turn.check()
            yield from self._reply(self._open(), prompt, turn)

    def _open(self) -> _Loaded:
        if self._loaded is None:
            raise RuntimeError("the language model was closed")
        return self._loaded

    def _reply(
        self, loaded: _Loaded, prompt: Prompt, turn: Turn
    ) -> Generator[str | ToolCall, ToolResult | None, None]:
        messages = loaded.chat.messages(prompt)
        tools = described(prompt)
        while True:
            called: list[tuple[ToolCall, ToolResult]] = []
            for output in sorted_out(self._written(loaded, messages, tools, turn), bool(tools)):
                turn.check()
                if isinstance(output, str):
                    yield output
                elif (result := (yield output)) is not None:
                    called.append((output, result))
            if not called:
                return
            messages = [*messages, *loaded.chat.called(called)]

    def _written(
        self, loaded: _Loaded, messages: list[dict[str, Any]], tools: list[Any], turn: Turn
    ) -> Iterator[str]:
        choices, backend, chat = self._choices, loaded.backend, loaded.chat
        room = choices.context - min(choices.longest, int(choices.context * LEAST_ROOM))
        fitting = fitted(messages, lambda fewer: backend.count(chat.text(fewer, tools)), room)
        pieces = backend.write(chat.text(fitting, tools), choices.longest, choices.sampling, turn)
        try:
            with closing(pieces):
                for piece in pieces:
                    turn.check()
                    yield piece
            turn.check()  # what was cut off looks like the end
        except (RuntimeError, ValueError, OSError, MemoryError) as error:
            turn.check()  # an operation that was stopped raises too
            raise translated(error, Path(choices.model)) from error


def _load(choices: _Choices) -> _Loaded:
    path = Path(choices.model).expanduser()
    make = _backend(choices.library)
    backend = make(path, choices.context, choices.threads, choices.gpu_layers)
    return _Loaded(backend, Chat(backend.metadata))


def _backend(library: str) -> type[NativeServer] | type[PythonBindings]:
    """What was compiled on this machine goes before what runs on any."""
    is_compiled = importlib.util.find_spec("llama_cpp") is not None
    if library == COMPILED and not is_compiled:
        raise ConfigInvalid(
            f"{COMPILED} is not installed.", "Install it, or let the option library be auto."
        )
    return PythonBindings if is_compiled and library in (AUTO, COMPILED) else NativeServer
