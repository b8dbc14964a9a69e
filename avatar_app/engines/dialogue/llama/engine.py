"""Answers with any language model in GGUF, on this computer: llama.cpp."""

from __future__ import annotations

import threading
from collections.abc import Generator, Iterator
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

from avatar_app.core.prompt import Prompt
from avatar_app.core.turn import Turn
from avatar_app.core.values import ToolCall, ToolResult
from avatar_app.engines.dialogue.llama.chat import Chat
from avatar_app.engines.dialogue.llama.loading import (
    Evaluated,
    Loaded,
    load,
    translated,
)
from avatar_app.engines.dialogue.prompting.budget import fitted
from avatar_app.engines.dialogue.prompting.messages import described
from avatar_app.engines.dialogue.prompting.replies import sorted_out

LEAST_ROOM = 0.5
"""Of the context: what the conversation leaves for the answer at least, in short contexts."""


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

    @property
    def network(self) -> tuple[Any, ...]:
        """What takes seconds to change."""
        return self.model, self.context, self.gpu_layers, self.threads

    @property
    def sampling(self) -> dict[str, Any]:
        return {
            "temperature": self.temperature,
            "top_p": self.top_p,
            "top_k": self.top_k,
            "min_p": self.min_p,
            "repeat_penalty": self.repeat_penalty,
            "seed": None if self.seed < 0 else self.seed,
        }


class LlamaDialogue:
    """A `core.engines.Dialogue` (https://github.com/ggml-org/llama.cpp).

    What the model has read stays in its cache: the next turn reads only what is new. A cancelled
    turn ends within one operation of the network, also while the model is still reading.
    """

    def __init__(self, **options: Any) -> None:
        self._choices = _Choices(**options)
        self._answering = threading.Lock()  # a cancelled answer may end after the next has begun
        self._loaded: Loaded | None = _loaded(self._choices)

    def configure(self, **options: Any) -> None:
        choices = replace(self._choices, **options)
        with self._answering:
            if choices.network != self._choices.network:
                self.close()  # two models at once might not fit
                self._loaded = _loaded(choices)
            self._choices = choices

    def close(self) -> None:
        loaded, self._loaded = self._loaded, None
        if loaded is not None:
            loaded.model.close()

    def evaluated(self) -> Evaluated:
        """What was read of prompts since this was asked last; no more than what was new."""
        return self._open().evaluated()

    def reply(
        self, prompt: Prompt, turn: Turn
    ) -> Generator[str | ToolCall, ToolResult | None, None]:
        with self._answering:
            turn.check()
            loaded = self._open()
            loaded.stop.follow(turn)
            try:
                yield from self._reply(loaded, prompt, turn)
            finally:
                loaded.stop.forget()

    def _open(self) -> Loaded:
        if self._loaded is None:
            raise RuntimeError("the language model was closed")
        return self._loaded

    def _reply(
        self, loaded: Loaded, prompt: Prompt, turn: Turn
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
        self, loaded: Loaded, messages: list[dict[str, Any]], tools: list[Any], turn: Turn
    ) -> Iterator[str]:
        choices = self._choices
        room = choices.context - min(choices.longest, int(choices.context * LEAST_ROOM))
        fitting = fitted(messages, lambda fewer: len(loaded.tokens(fewer, tools)), room)
        tokens = loaded.tokens(fitting, tools)
        try:
            pieces = loaded.model.create_completion(
                tokens, max_tokens=choices.longest, stream=True, **choices.sampling
            )
            for piece in pieces:
                turn.check()
                yield piece["choices"][0]["text"]
        except (RuntimeError, ValueError, MemoryError) as error:
            turn.check()  # an operation that was stopped raises too
            raise translated(error, Path(choices.model)) from error


def _loaded(choices: _Choices) -> Loaded:
    path = Path(choices.model).expanduser()
    model, stop = load(path, choices.context, choices.threads, choices.gpu_layers)
    return Loaded(model, stop, Chat(model.metadata))
