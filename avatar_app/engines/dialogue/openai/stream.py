"""What a server answers, read piece by piece: its words, and the functions that it wants called."""

from __future__ import annotations

import json
from collections.abc import Iterator
from dataclasses import dataclass, field
from typing import Any

from avatar_app.core.errors import EngineFailed
from avatar_app.core.turn import Turn
from avatar_app.core.values import ToolCall

CUT, FILTERED = "length", "content_filter"
"""Reasons for which an answer ends early."""
_THOUGHTS = ("reasoning_content", "reasoning", "thinking")
"""Where servers tell what a model thinks, apart from what it says."""


@dataclass(slots=True)
class _Part:
    """A function that is to be called, as far as it is written."""

    index: int | None
    id: str = ""
    name: str = ""
    written: str = ""

    @property
    def is_complete(self) -> bool:
        return bool(self.name) and _object(self.written or "{}") is not None and bool(self.written)


@dataclass(frozen=True, slots=True)
class Requested:
    """A function that the model wants to be called."""

    id: str
    call: ToolCall
    written: str
    """Its arguments, as the model wrote them."""


@dataclass(slots=True)
class Answer:
    """One answer: what else it holds than words, while these are read."""

    parts: list[_Part] = field(default_factory=list)
    reason: str | None = None
    """Why it ended."""
    thought: bool = False
    last: str = ""

    def texts(self, stream: Any, turn: Turn) -> Iterator[str]:
        """The words as they come; "" for what is none.

        EngineFailed if they end within a sentence without a reason.
        """
        with stream:
            whole = _whole(stream.response)
            for choice in (whole,) if whole is not None else _choices(stream, turn):
                yield self._text(choice)
        turn.check()  # a wire that was cut looks like the end
        if self.reason is None and (self.last.isalnum() or self.last == ","):
            raise EngineFailed("The language model broke off in mid-sentence.", "Ask again.")

    def requested(self) -> list[Requested]:
        """What is to be called, in order."""
        return [
            Requested(
                part.id or f"call_{number}",
                ToolCall(part.name, _object(part.written or "{}") or {}),
                part.written or "{}",
            )
            for number, part in enumerate(self.parts)
            if part.name
        ]

    def _text(self, choice: Any) -> str:
        self.reason = _get(choice, "finish_reason") or self.reason
        delta = _get(choice, "delta") or _get(choice, "message")
        if delta is None:
            return ""
        self.thought = self.thought or any(_get(delta, name) for name in _THOUGHTS)
        for piece in _get(delta, "tool_calls") or ():
            self._take(piece)
        text = self._content(_get(delta, "content")) + (_get(delta, "refusal") or "")
        self.last = text.rstrip()[-1:] or self.last
        return text

    def _content(self, content: Any) -> str:
        """Words may come as a list of parts, of which some are thoughts (Mistral)."""
        if not isinstance(content, list):
            return str(content or "")
        texts = [str(_get(part, "text") or "") for part in content if _get(part, "type") == "text"]
        self.thought = self.thought or len(texts) < len(content)
        return "".join(texts)

    def _take(self, piece: Any) -> None:
        """Add a piece to the call that it belongs to."""
        function = _get(piece, "function")
        name, written = str(_get(function, "name") or ""), _get(function, "arguments")
        part = self._part(_get(piece, "index"), str(_get(piece, "id") or ""), name)
        if name and name != part.name and not part.written:
            part.name += name
        if isinstance(written, str):
            part.written += written
        elif written is not None:
            part.written = json.dumps(written)

    def _part(self, index: int | None, id: str, name: str) -> _Part:
        """Calls are told apart by their id, by their index, and, where a server numbers all of them
        alike or not at all (Ollama), by being complete."""
        for part in reversed(self.parts):
            if id and part.id:
                if part.id == id:
                    return part
                continue
            if index is not None and part.index != index:
                continue
            if name and (part.is_complete or (part.name and part.written)):
                break
            part.id = part.id or id
            return part
        self.parts.append(_Part(index, id))
        return self.parts[-1]


def _choices(stream: Any, turn: Turn) -> Iterator[Any]:
    for chunk in stream:
        turn.check()
        turn.explain_wait("")
        if choices := _get(chunk, "choices"):
            yield choices[0]


def _whole(response: Any) -> Any:
    """The answer of a server that streams none, though it was asked to; None for a stream."""
    if "json" not in response.headers.get("content-type", ""):
        return None
    return json.loads(response.read())["choices"][0]


def _get(value: Any, name: str) -> Any:
    return value.get(name) if isinstance(value, dict) else getattr(value, name, None)


def _object(written: str) -> dict[str, Any] | None:
    try:
        found = json.loads(written)
    except (ValueError, RecursionError):
        return None
    return found if isinstance(found, dict) else None
