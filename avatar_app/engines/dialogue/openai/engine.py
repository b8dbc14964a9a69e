"""Answers with a language model behind OpenAI's protocol, on this computer or on another one."""

from __future__ import annotations

import json
from collections.abc import Generator, Iterator
from dataclasses import dataclass, replace
from typing import Any

from avatar_app.core.errors import ConfigInvalid, EngineFailed
from avatar_app.core.prompt import Prompt
from avatar_app.core.turn import Turn
from avatar_app.core.values import ToolCall, ToolResult
from avatar_app.engines.dialogue.openai.transport import (
    CONNECT_WITHIN,
    asked_patiently,
    longest_silence,
    open_http_client,
)
from avatar_app.engines.dialogue.openai.wire import NO_KEY, Wire, key_for, translated
from avatar_app.engines.dialogue.prompting.budget import fitted
from avatar_app.engines.dialogue.prompting.messages import described, merged, told
from avatar_app.engines.dialogue.prompting.replies import sorted_out

LETTERS = 3.2
"""Of a token, on average: the server alone can count exactly."""


@dataclass(frozen=True, slots=True)
class _Choices:
    """The options of the manifest."""

    address: str = "http://127.0.0.1:11434/v1"
    model: str = ""
    context: int = 8192
    temperature: float = 0.7
    top_p: float = 0.9
    longest: int = 400
    patience: float = 30.0


@dataclass(frozen=True, slots=True)
class _Asked:
    """A function that the model wants to be called."""

    id: str
    call: ToolCall
    written: str
    """Its arguments, as the model wrote them."""


class OpenAIDialogue:
    """A `core.engines.Dialogue` (https://platform.openai.com/docs/api-reference/chat), through the
    official client. A cancelled turn cuts the wire, so that the server stops computing."""

    def __init__(self, **options: Any) -> None:
        import openai

        self._openai = openai
        self._choices = _Choices(**options)
        self._model = self._choices.model

    @property
    def patience(self) -> float:
        """Seconds for which it may be silent before it gives up by itself."""
        return longest_silence(self._choices.patience)

    def configure(self, **options: Any) -> None:
        self._choices = replace(self._choices, **options)
        self._model = self._choices.model

    def close(self) -> None:
        """Every reply closes its own connection."""

    def reply(
        self, prompt: Prompt, turn: Turn
    ) -> Generator[str | ToolCall, ToolResult | None, None]:
        choices, wire = self._choices, Wire()
        turn.when_cancelled(wire.cut)
        room = choices.context - min(choices.longest, choices.context // 2)
        messages = fitted(merged(prompt.messages), _length, room)
        try:
            with self._client(wire) as client:
                yield from self._reply(client, messages, described(prompt), turn)
        except self._openai.OpenAIError as error:
            turn.check()  # a wire that was cut raises too
            raise translated(error, choices.address) from error
        except (ValueError, AttributeError, TypeError) as error:
            turn.check()
            raise EngineFailed(
                f"What the server {choices.address} answers is no answer of a language model.",
                "Look at the address: most servers' ends with /v1.",
            ) from error

    def _client(self, wire: Wire) -> Any:
        choices = self._choices
        try:
            http = open_http_client(choices.address, event_hooks={"request": [wire.watch]})
        except (ImportError, OSError, ValueError) as error:
            raise ConfigInvalid(
                f"The proxies or certificates that are set cannot be used: {error}.",
                "Look at HTTPS_PROXY, ALL_PROXY, NO_PROXY, SSL_CERT_FILE and SSL_CERT_DIR.",
            ) from error
        try:
            return self._openai.OpenAI(
                base_url=choices.address,
                api_key=key_for(choices.address) or NO_KEY,
                max_retries=0,  # `asked_patiently` knows better when
                timeout=self._openai.Timeout(choices.patience, connect=CONNECT_WITHIN),
                default_headers={"Connection": "close"},
                http_client=http,
            )
        except (ValueError, self._openai.OpenAIError) as error:
            http.close()
            raise ConfigInvalid(
                f"The address {choices.address} is none: {error}.", "It begins with http://"
            ) from error

    def _reply(
        self, client: Any, messages: list[dict[str, Any]], tools: list[Any], turn: Turn
    ) -> Generator[str | ToolCall, ToolResult | None, None]:
        answered = False
        while True:
            asked: list[_Asked] = []
            results: list[dict[str, Any]] = []
            stream = asked_patiently(
                lambda said=messages: self._stream(client, said, tools),  # type: ignore[misc]
                *(turn, self._choices.address, self._choices.patience),
            )
            for output in sorted_out(_texts(stream, turn, asked), False):
                turn.check()
                answered = True
                yield output
            if not asked and not answered:
                raise EngineFailed("The language model gave no answer.", "Ask again.")
            answered = True
            for each in asked:
                result = yield each.call
                results.append(_answer(each, result or ToolResult()))
            if not asked:
                return
            messages = [*messages, _question(asked), *results]

    def _stream(self, client: Any, messages: list[dict[str, Any]], tools: list[Any]) -> Any:
        if not self._model:
            self._model = _first_model(client, self._choices.address)
        wanted = {
            "model": self._model,
            "messages": messages,
            "temperature": self._choices.temperature,
            "top_p": self._choices.top_p,
            "max_tokens": self._choices.longest,
            "stream": True,
        }
        if not tools:
            return client.chat.completions.create(**wanted)
        try:
            return client.chat.completions.create(tools=tools, **wanted)
        except self._openai.BadRequestError as error:
            if "tool" not in str(error).lower():
                raise
            return client.chat.completions.create(**wanted)  # a model that cannot call functions


def _texts(stream: Any, turn: Turn, asked: list[_Asked]) -> Iterator[str]:
    """The words as they come; functions that are to be called are put into `asked`.

    EngineFailed if they end within a sentence without a reason.
    """
    parts: dict[int, dict[str, str]] = {}
    last, reason = "", None
    with stream:
        for chunk in stream:
            turn.check()
            turn.explain_wait("")
            if not chunk.choices:
                continue
            delta, reason = chunk.choices[0].delta, chunk.choices[0].finish_reason or reason
            if delta.content:
                last = delta.content.rstrip()[-1:] or last
                yield delta.content
            for piece in delta.tool_calls or ():
                part = parts.setdefault(piece.index, {"id": "", "name": "", "arguments": ""})
                part["id"] = piece.id or part["id"]
                if piece.function is not None:
                    part["name"] += piece.function.name or ""
                    part["arguments"] += piece.function.arguments or ""
    turn.check()  # a wire that was cut looks like the end
    if reason is None and (last.isalnum() or last == ","):
        raise EngineFailed("The language model broke off in mid-sentence.", "Ask again.")
    for index in sorted(parts):
        part = parts[index]
        call = ToolCall(part["name"], _arguments(part["arguments"]))
        asked.append(_Asked(part["id"] or f"call_{index}", call, part["arguments"] or "{}"))


def _arguments(written: str) -> dict[str, Any]:
    """What cannot be read is left out: the function then says what it lacks."""
    try:
        arguments = json.loads(written or "{}")
    except ValueError:
        return {}
    return arguments if isinstance(arguments, dict) else {}


def _question(asked: list[_Asked]) -> dict[str, Any]:
    calls = [
        {
            "id": each.id,
            "type": "function",
            "function": {"name": each.call.name, "arguments": each.written},
        }
        for each in asked
    ]
    return {"role": "assistant", "content": "", "tool_calls": calls}


def _answer(asked: _Asked, result: ToolResult) -> dict[str, Any]:
    return {"role": "tool", "tool_call_id": asked.id, "content": told(result)}


def _first_model(client: Any, address: str) -> str:
    models = client.models.list().data
    if not models:
        raise ConfigInvalid(
            f"The server {address} has no model.", "Load one there, or choose another address."
        )
    return str(models[0].id)


def _length(messages: list[dict[str, Any]]) -> int:
    return int(sum(len(message["content"]) / LETTERS + 8 for message in messages))
