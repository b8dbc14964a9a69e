"""Parses a streamed answer: words, and function calls."""

from __future__ import annotations

import ast
import json
import re
import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from typing import Any

from avatar_app.core.errors import EngineFailed
from avatar_app.core.turn import Turn
from avatar_app.core.values import ToolCall
from avatar_app.engines.dialogue.openai.events import documents

CUT, FILTERED = "length", "content_filter"
"""Reasons for which an answer ends early."""
_REASONS = {"max_tokens": CUT, "model_length": CUT} | dict.fromkeys(
    ("safety", "recitation", "prohibited_content", "blocklist", "spii", "refusal"), FILTERED
)
"""Other names of those."""
_THOUGHTS = ("reasoning_content", "reasoning", "thinking")
"""Fields in which servers send a model's thoughts, separate from the answer."""
_CONTROLS = re.compile(r"[\x00-\x08\x0b-\x1f\x7f-\x9f]")
_HALVES = re.compile(r"[\ud800-\udfff]")
LETTERS = 8
"""Most letters of a token, on average."""
THOUGHTS_PER_WORD = 8
"""Most tokens of thought for a token of the longest answer, where a server counts them apart."""


class SilenceTooLong(Exception):
    """The connection is kept open, and nothing is said."""


class ServerError(Exception):
    """The server reports an error in the midst of an answer; `body` is what it says of it."""

    def __init__(self, body: Any) -> None:
        super().__init__(str(body))
        self.body = body


@dataclass(slots=True)
class ReadLimits:
    """How much of an answer is read, whatever the server was asked for."""

    tokens: int
    silence: float
    """Seconds without any word or thought."""
    _read: int = 0

    def exceeded(self, text: str, thoughts: int) -> bool:
        """Count a text; is it too much, or are the thoughts so far, in letters?"""
        self._read += len(text)
        most = self.tokens * LETTERS
        return self._read > most or thoughts > most * THOUGHTS_PER_WORD


@dataclass(slots=True)
class _Part:
    """A function call, as far as it is written."""

    index: int | None
    id: str = ""
    name: str = ""
    written: str = ""

    @property
    def is_complete(self) -> bool:
        return bool(self.name) and _object(self.written or "{}") is not None and bool(self.written)

    def write(self, piece: str) -> None:
        """Add a piece of the arguments; some servers repeat what they have sent."""
        repeats = len(self.written) > 1 and piece.startswith(self.written)
        again = self.is_complete and _object(piece) is not None
        self.written = piece if repeats or again else self.written + piece


@dataclass(frozen=True, slots=True)
class Requested:
    """A function call requested by the model."""

    id: str
    call: ToolCall
    written: str
    """Its arguments, as the model wrote them."""


@dataclass(slots=True)
class Answer:
    """One answer: what else it contains besides words, collected while these are read."""

    parts: list[_Part] = field(default_factory=list)
    reason: str | None = None
    """Why it ended."""
    thought: str = ""
    """What the server sends in addition to the words."""
    last: str = ""
    half: str = ""

    def texts(self, response: Any, turn: Turn, limits: ReadLimits) -> Iterator[str]:
        """Yield the words as they come; "" for what is none.

        `response` is that of httpx, unread. Raises EngineFailed if they end within a sentence
        without a reason, ServerError if the server reports one, SilenceTooLong, and ValueError for
        anything but a language model's answer.
        """
        for choice in _choices(response, turn, limits.silence):
            text = self._text(choice)
            yield text
            if limits.exceeded(text, len(self.thought)):
                self.reason = CUT
                return
        turn.check()  # a cut connection looks like the end
        if self.reason is None and (self.last.isalnum() or self.last == ","):
            raise EngineFailed("The language model broke off in mid-sentence.", "Ask again.")

    def add(self, call: ToolCall) -> None:
        """Add a call that the model wrote among its words."""
        self.parts.append(_Part(None, "", call.name, json.dumps(call.arguments)))

    def requested(self) -> list[Requested]:
        """Return the requested calls, in order."""
        return [
            Requested(
                part.id or f"call_{number}",
                ToolCall(
                    part.name.strip().removeprefix("functions."),
                    _object(part.written or "{}") or {},
                ),
                part.written or "{}",
            )
            for number, part in enumerate(self.parts)
            if part.name
        ]

    def _text(self, choice: dict[str, Any]) -> str:
        self.reason = _reason(choice.get("finish_reason")) or self.reason
        delta = choice.get("delta") or choice.get("message") or {"content": choice.get("text")}
        if not isinstance(delta, dict):
            return ""
        self.thought += "".join(str(delta[name]) for name in _THOUGHTS if delta.get(name))
        for piece in _calls(delta):
            self._take(piece)
        text = self._content(delta.get("content")) + str(delta.get("refusal") or "")
        text = self._joined(_CONTROLS.sub("", text))
        self.last = text.rstrip()[-1:] or self.last
        return text

    def _content(self, content: Any) -> str:
        """Return the words of a list of parts, of which some are thoughts (Mistral)."""
        parts = content if isinstance(content, list) else [content]
        texts = []
        for part in parts:
            if not isinstance(part, dict):
                texts.append("" if part is None else str(part))
            elif part.get("type", "text") in ("text", "output_text"):
                texts.append(str(part.get("text") or ""))
            else:
                self.thought += str(part.get("thinking") or part.get("text") or " ")
        return "".join(texts)

    def _joined(self, text: str) -> str:
        """Some servers send the halves of a character (surrogates) in two chunks; one that stays
        alone is left out."""
        text, self.half = self.half + text, ""
        if not _HALVES.search(text):
            return text
        if "\ud800" <= text[-1] < "\udc00":
            text, self.half = text[:-1], text[-1]
        return text.encode("utf-16-le", "surrogatepass").decode("utf-16-le", "ignore")

    def _take(self, piece: dict[str, Any]) -> None:
        """Add a piece to its call."""
        function = piece["function"]
        name = str(function.get("name") or "")
        written = function.get("arguments", function.get("parameters"))
        part = self._part(piece.get("index"), str(piece.get("id") or ""), name)
        if name and (not part.name or (name != part.name and not part.written)):
            part.name += name
        if isinstance(written, str):
            part.write(written)
        elif written is not None:
            part.written = json.dumps(written)

    def _part(self, index: int | None, id: str, name: str) -> _Part:
        """Return the call of a piece: calls are distinguished by id, by index, and, where a server
        numbers them all alike or not at all (Ollama), by being complete."""
        for part in reversed(self.parts):
            same_place = index is None or part.index in (None, index)
            if id and part.id and (name or not same_place):
                is_other = name and name != part.name and part.is_complete
                if part.id == id and same_place and not is_other:
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


def _choices(response: Any, turn: Turn, silence: float) -> Iterator[dict[str, Any]]:
    """The first choice of each chunk, or of the whole answer, though it was asked in chunks."""
    heard = time.monotonic()

    def went_on() -> None:
        turn.check()
        if time.monotonic() - heard > silence:
            raise SilenceTooLong

    for document in _documents(response, went_on):
        heard = time.monotonic()
        turn.explain_wait("")
        if not isinstance(document, dict):
            continue
        if error := document.get("error"):
            raise ServerError(error)
        choices = document.get("choices")
        if not isinstance(choices, list):  # Ollama's own protocol
            choices = [document] if "message" in document else []
        for choice in choices:
            if isinstance(choice, dict) and not choice.get("index"):
                yield choice
                break


def _documents(response: Any, went_on: Callable[[], None]) -> Iterator[Any]:
    kind = response.headers.get("content-type", "")
    if "html" in kind:
        raise ValueError("a web page")
    if kind.partition(";")[0].strip().endswith("/json"):
        body = response.read()
        try:
            return iter([json.loads(body)])
        except ValueError:
            return documents([body], went_on)  # it is streamed, and called otherwise
    return documents(response.iter_bytes(), went_on)


def _calls(delta: dict[str, Any]) -> Iterator[dict[str, Any]]:
    """The pieces of calls, of the present protocol or of the first one."""
    pieces = delta.get("tool_calls") or ()
    if isinstance(pieces, dict):
        pieces = (pieces,)
    if function := delta.get("function_call"):
        pieces = ({"index": 0, "function": function},)
    for piece in pieces:
        if isinstance(piece, dict) and isinstance(piece.get("function"), dict):
            yield piece
        elif isinstance(piece, dict) and isinstance(piece.get("name"), str):
            yield piece | {"function": piece}  # without the level between


def _reason(written: Any) -> str | None:
    """Return the reason for an end in OpenAI's words."""
    if not isinstance(written, str):
        return None
    name = written.lower().replace("-", "_")
    return _REASONS.get(name, name)


def _object(written: str) -> dict[str, Any] | None:
    try:
        found = json.loads(written)
        if isinstance(found, str):  # some write JSON within JSON
            found = json.loads(found)
    except (ValueError, RecursionError):
        return _python_object(written)
    if isinstance(found, list) and len(found) == 1:
        found = found[0]
    return found if isinstance(found, dict) else None


def _python_object(written: str) -> dict[str, Any] | None:
    """Return the object of a model that writes Python's quotes, or a fence around it."""
    bare = written.strip().removeprefix("```json").removeprefix("```").removesuffix("```").strip()
    if bare != written:
        return _object(bare)
    try:
        found = ast.literal_eval(bare)
    except (ValueError, SyntaxError, RecursionError, MemoryError):
        return None
    return found if isinstance(found, dict) else None
