"""Dialogue with a language model on this computer, whatever library runs it."""

from __future__ import annotations

import threading
from collections.abc import Generator, Iterator
from contextlib import closing, contextmanager
from dataclasses import dataclass, replace
from functools import partial
from pathlib import Path
from typing import Any

from avatar_app.core.prompt import MediaPart, Prompt
from avatar_app.core.turn import Turn
from avatar_app.core.values import ToolCall, ToolResult
from avatar_app.engines.dialogue.local.chat import Chat
from avatar_app.engines.dialogue.local.media import as_heard, tokens_of
from avatar_app.engines.dialogue.local.prompt_cache import PromptCache, beginning
from avatar_app.engines.dialogue.prompting.budget import fit_messages
from avatar_app.engines.dialogue.prompting.endings import Ending, Limits
from avatar_app.engines.dialogue.prompting.messages import describe_tools
from avatar_app.engines.dialogue.prompting.replies import answer, empty_answer_error
from avatar_app.engines.dialogue.prompting.thoughts import Thoughts, thought_begun
from avatar_app.engines.dialogue.prompting.tools import fitting, with_offer
from avatar_app.engines.llama_cpp.backend import Evaluated, Writer, translate_error
from avatar_app.engines.llama_cpp.libraries import AUTO

LEAST_ROOM = 0.5
"""Share of the context reserved for the answer, in short contexts."""
NONE, FEW, ALL = "none", "few", "all"
"""The functions offered to a model; `auto`: few, or none for a small model, which cannot
call any."""
SMALL_SENTENCES = 3
"""Maximum sentences in the answers of small models."""


@dataclass(frozen=True, slots=True)
class Choices:
    """The options of the manifests."""

    model: str = ""
    context: int = 4096
    gpu_layers: int = -1
    device: str = AUTO
    threads: int = 2
    temperature: float = 0.7
    top_p: float = 0.9
    top_k: int = 40
    min_p: float = 0.05
    repeat_penalty: float = 1.1
    longest: int = 400
    seed: int = -1
    library: str = AUTO
    sentences: int = 0
    tools: str = AUTO
    prompt_cache: str = ""
    projector: str = ""
    """The file by which the model sees or hears; empty: it only reads."""
    template: str = ""
    """Takes the place of the model's own chat template."""

    @property
    def network(self) -> tuple[Any, ...]:
        """Return the options that take seconds to change."""
        files = self.model, self.projector
        return *files, self.context, self.gpu_layers, self.device, self.threads, self.library

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
class Loaded:
    """A model, ready to answer."""

    writer: Writer
    chat: Chat
    cache: PromptCache
    is_small: bool
    """Whether it rambles, and cannot call functions."""


class LocalDialogue:
    """A `core.engines.Dialogue`.

    Processed text stays in the model's cache: the next turn processes only what is new. A cancelled
    turn ends within a few tokens, also while the prompt is processed.
    """

    prepares = True

    def __init__(self, **options: Any) -> None:
        self._choices = Choices(**options)
        self._thinks = False
        self._answering = threading.Lock()  # a cancelled answer may end after the next has begun
        self._loaded: Loaded | None = self._load(self._choices)

    def _load(self, choices: Choices) -> Loaded:
        """Return the model that the options name. Raises ModelMissing, InputInvalid or
        OutOfMemory."""
        raise NotImplementedError

    def configure(self, **options: Any) -> None:
        choices = replace(self._choices, **options)
        with self._answering:
            if choices.network != self._choices.network:
                self.close()  # two models at once might not fit
                self._loaded = self._load(choices)
            self._choices = choices

    def close(self) -> None:
        loaded, self._loaded = self._loaded, None
        if loaded is not None:
            loaded.writer.close()

    def evaluated(self) -> Evaluated:
        """Return the prompt tokens processed since the last call, without cached ones."""
        return self._open().writer.evaluated()

    def reply(
        self, prompt: Prompt, turn: Turn
    ) -> Generator[str | ToolCall, ToolResult | None, None]:
        """Yield "" as well, while the prompt is processed."""
        with self._answering:
            turn.check()
            yield from self._reply(self._open(), prompt, turn)

    def prepare(self, prompt: Prompt, turn: Turn) -> Iterator[str]:
        """Process the beginning of the next prompt: `prompt` without the user's next words.

        Yields "" now and then. Processed text stays cached when the turn is cancelled.
        """
        with self._answering:
            turn.check()
            loaded = self._open()
            constant = self._constant(loaded, prompt)
            if constant and not loaded.cache.restore(constant):
                yield from self._followed(loaded.writer.read(constant, turn), turn)
                loaded.cache.save(constant)
            so_far = beginning(prompt.messages, partial(self._said, loaded))
            if loaded.chat.marker:  # what comes after a picture is read with it
                so_far = so_far.partition(loaded.chat.marker)[0]
            yield from self._followed(loaded.writer.read(so_far, turn), turn)

    def _open(self) -> Loaded:
        if self._loaded is None:
            raise RuntimeError("the language model was closed")
        return self._loaded

    def _reply(
        self, loaded: Loaded, prompt: Prompt, turn: Turn
    ) -> Generator[str | ToolCall, ToolResult | None, None]:
        offered, may_call = self._offered(loaded, prompt)
        tools, messages = describe_tools(offered), loaded.chat.messages(offered)
        media = loaded.chat.media(offered)
        ending, answered = Ending(self._limits(prompt, is_small=loaded.is_small)), False
        if constant := self._constant(loaded, prompt):
            loaded.cache.restore(constant)
        while True:
            called: list[tuple[ToolCall, ToolResult]] = []
            text = self._text(
                loaded, messages, tools, tokens_of(media, loaded.writer.window_tokens)
            )
            thoughts = Thoughts(begun=thought_begun(text), suspected=self._thinks)
            with closing(self._written(loaded, text, turn, media)) as written:
                for output in answer(written, may_call=may_call, thoughts=thoughts, ending=ending):
                    turn.check()
                    answered = answered or bool(str(output).strip())
                    if isinstance(output, str):
                        yield output
                    elif (result := (yield output)) is not None:
                        called.append((output, result))
            self._thinks = self._thinks or thoughts.unmarked
            if not answered:
                raise empty_answer_error(
                    thought=thoughts.found, cut=thoughts.unfinished, longest=self._choices.longest
                )
            if not called or ending.over:
                return
            messages = [*messages, *loaded.chat.called(called)]

    def _offered(self, loaded: Loaded, prompt: Prompt) -> tuple[Prompt, bool]:
        """Return the prompt as the model takes it, with the functions offered to it, and whether
        there are any."""
        wanted = self._choices.tools
        if wanted == AUTO:
            wanted = NONE if loaded.is_small else FEW
        taken = as_heard(prompt) if loaded.chat.hears else prompt
        if wanted == ALL:
            return taken, bool(prompt.tools)
        few = fitting(prompt) if wanted == FEW else ()
        return (with_offer(taken, few), True) if few else (replace(taken, tools=()), False)

    def _limits(self, prompt: Prompt, *, is_small: bool) -> Limits:
        sentences = self._choices.sentences or (SMALL_SENTENCES if is_small else 0)
        return Limits.of(prompt.system, sentences)

    def _constant(self, loaded: Loaded, prompt: Prompt) -> str:
        """Return the common beginning of all prompts of this persona, without anything of
        the user."""
        return beginning(prompt.messages[:1], partial(self._said, loaded)) if prompt.system else ""

    def _said(self, loaded: Loaded, prompt: Prompt) -> str:
        return self._text(loaded, loaded.chat.messages(prompt), [])

    def _text(
        self,
        loaded: Loaded,
        messages: list[dict[str, Any]],
        tools: list[dict[str, Any]],
        beside: int = 0,
    ) -> str:
        """Return the conversation as the model reads it, shortened until it fits the context beside
        `beside` tokens of pictures and sounds."""
        choices, chat = self._choices, loaded.chat

        def length(said: list[dict[str, Any]]) -> int:
            return loaded.writer.count(chat.text(said, tools))

        room = choices.context - min(choices.longest, int(choices.context * LEAST_ROOM)) - beside
        with self._translated():
            return chat.text(fit_messages(messages, length, room), tools)

    def _written(
        self, loaded: Loaded, text: str, turn: Turn, media: tuple[MediaPart, ...]
    ) -> Generator[str]:
        wanted = self._choices.longest, self._choices.sampling
        left = text.count(loaded.chat.marker) if media else 0  # of what was not shortened away
        files = [part.content for part in media[len(media) - left :]]
        pieces = loaded.writer.write(text, *wanted, turn, files)
        yield from self._followed(pieces, turn)

    def _followed(self, pieces: Generator[str], turn: Turn) -> Generator[str]:
        """Yield the library's output; once the turn is cancelled, ignore its end and errors."""
        with self._translated(turn), closing(pieces):
            for piece in pieces:
                turn.check()
                yield piece
        turn.check()

    @contextmanager
    def _translated(self, turn: Turn | None = None) -> Iterator[None]:
        """Convert the library's exceptions to user-facing errors."""
        try:
            yield
        except (RuntimeError, ValueError, OSError, MemoryError) as error:
            if turn is not None:
                turn.check()
            raise translate_error(error, Path(self._choices.model)) from error
