"""Dialogue with a language model behind OpenAI's protocol, on this computer or another one."""

from __future__ import annotations

from collections.abc import Generator
from dataclasses import dataclass, replace
from functools import partial
from typing import Any

from avatar_app.core.errors import ConfigInvalid, EngineFailed
from avatar_app.core.prompt import Prompt
from avatar_app.core.turn import Turn
from avatar_app.core.values import ToolCall, ToolResult
from avatar_app.engines.dialogue.openai.request import (
    MEDIA,
    Refusal,
    is_unsupported,
    refusal,
    without,
)
from avatar_app.engines.dialogue.openai.stream import (
    CUT,
    FILTERED,
    Answer,
    ReadLimits,
    Requested,
    ServerError,
    SilenceTooLong,
)
from avatar_app.engines.dialogue.openai.transport import (
    CONNECT_WITHIN,
    asked_patiently,
    longest_silence,
    open_http_client,
    transport_errors,
)
from avatar_app.engines.dialogue.openai.wire import (
    NO_KEY,
    Wire,
    reason_of,
    reported,
    silent,
    translate_error,
)
from avatar_app.engines.dialogue.prompting.budget import fit_messages
from avatar_app.engines.dialogue.prompting.content import media_tokens, plain, with_media
from avatar_app.engines.dialogue.prompting.endings import Ending, Limits
from avatar_app.engines.dialogue.prompting.messages import (
    describe_tools,
    merge_messages,
    result_text,
    with_recalled,
)
from avatar_app.engines.dialogue.prompting.replies import answer, empty_answer_error
from avatar_app.engines.dialogue.prompting.thoughts import Thoughts
from avatar_app.engines.dialogue.servers.keys import key_for

LETTERS = 3.2
"""Average letters of a token: only the server can count exactly."""
REFUSING = frozenset({400, 404, 405, 422, 501})
"""Statuses that may mean an unsupported parameter."""
MEDIA_REFUSING = REFUSING | {500}
"""Statuses that may mean an unsupported picture or sound: llama-server sends 500."""
_FAILED = 500


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
    sentences: int = 0


class OpenAIDialogue:
    """A `core.engines.Dialogue` (https://platform.openai.com/docs/api-reference/chat), through the
    official client. A cancelled turn cuts the connection, so that the server stops computing."""

    def __init__(self, **options: Any) -> None:
        import openai

        self._openai = openai
        self._choices = _Choices(**options)
        self._model = self._choices.model
        self._refused: dict[tuple[str, str], frozenset[Refusal]] = {}
        self._thinking: set[tuple[str, str]] = set()

    @property
    def patience(self) -> float:
        """Return the seconds of silence before it gives up by itself."""
        return longest_silence(self._choices.patience)

    def configure(self, **options: Any) -> None:
        self._choices = replace(self._choices, **options)
        self._model = self._choices.model

    def close(self) -> None:
        """Nothing to release: every reply closes its own connection."""

    def reply(
        self, prompt: Prompt, turn: Turn
    ) -> Generator[str | ToolCall, ToolResult | None, None]:
        choices, wire = self._choices, Wire()
        turn.when_cancelled(wire.cut)
        try:
            with self._client(wire) as client:
                yield from self._reply(client, prompt, turn)
        except transport_errors() as error:
            turn.check()  # a cut connection raises too
            raise translate_error(error, choices.address) from error
        except ServerError as error:
            raise reported(error.body, choices.address) from error
        except SilenceTooLong as error:
            raise silent(choices.address) from error
        except (ValueError, AttributeError, TypeError, LookupError, RecursionError) as error:
            turn.check()
            raise EngineFailed(
                f"The answer of the server {choices.address} is not that of a language model.",
                "Check the address: most servers' ends with /v1.",
            ) from error

    def _client(self, wire: Wire) -> Any:
        choices = self._choices
        try:
            http = open_http_client(choices.address, event_hooks={"request": [wire.watch]})
        except (ImportError, OSError, ValueError) as error:
            raise ConfigInvalid(
                f"The proxies or certificates that are set cannot be used: {error}.",
                "Check HTTPS_PROXY, ALL_PROXY, NO_PROXY, SSL_CERT_FILE and SSL_CERT_DIR.",
            ) from error
        try:
            return self._openai.OpenAI(
                base_url=choices.address,
                api_key=key_for(choices.address) or NO_KEY,
                max_retries=0,  # `asked_patiently` has the better reason then
                timeout=self._openai.Timeout(choices.patience, connect=CONNECT_WITHIN),
                default_headers={"Connection": "close"},
                http_client=http,
            )
        except (ValueError, self._openai.OpenAIError) as error:
            http.close()
            raise ConfigInvalid(
                f"The address {choices.address} is invalid: {error}.", "It begins with http://"
            ) from error

    def _reply(
        self, client: Any, prompt: Prompt, turn: Turn
    ) -> Generator[str | ToolCall, ToolResult | None, None]:
        choices = self._choices
        room = choices.context - min(choices.longest, choices.context // 2)
        messages = fit_messages(merge_messages(with_recalled(prompt), with_media), _length, room)
        ending, answered = Ending(Limits.of(prompt.system, choices.sentences)), False
        while True:
            received = Answer()
            stream = asked_patiently(
                partial(self._stream, client, messages, describe_tools(prompt)),
                turn,
                self._choices.address,
                self._choices.patience,
            )
            thoughts = Thoughts(suspected=self._place in self._thinking)
            with stream:
                texts = received.texts(stream.response, turn, self._limits)
                said = answer(texts, may_call=bool(prompt.tools), thoughts=thoughts, ending=ending)
                for output in said:
                    turn.check()
                    if isinstance(output, ToolCall):
                        received.add(output)
                        continue
                    answered = answered or bool(output.strip())
                    yield output
            if thoughts.unmarked:
                self._thinking.add(self._place)
            asked = [] if ending.over else received.requested()
            if not asked and not answered:
                raise self._silence(received, thoughts)
            results = []
            for each in asked:
                result = yield each.call
                results.append(_answer(each, result or ToolResult()))
                answered = True
            if not asked:
                return
            messages = [*messages, _question(asked), *results]

    @property
    def _limits(self) -> ReadLimits:
        return ReadLimits(self._choices.longest, self.patience)

    def _silence(self, received: Answer, thoughts: Thoughts) -> EngineFailed:
        if received.reason == FILTERED:
            return EngineFailed(
                f"The server {self._choices.address} held the answer back: its filter refused it.",
                "Say it in other words, or choose another model.",
            )
        thought = bool(received.thought) or thoughts.found
        return empty_answer_error(
            thought=thought, cut=received.reason == CUT, longest=self._choices.longest
        )

    @property
    def _place(self) -> tuple[str, str]:
        """Return the key under which knowledge about a server and its model is stored."""
        return self._choices.address, self._model

    def _stream(self, client: Any, messages: list[dict[str, Any]], tools: list[Any]) -> Any:
        if not self._model:
            self._model = _first_model(client, self._choices.address)
        body: dict[str, Any] = {
            "model": self._model,
            "messages": messages,
            "temperature": self._choices.temperature,
            "top_p": self._choices.top_p,
            "max_tokens": self._choices.longest,
            "stream": True,
            **({"tools": tools} if tools else {}),
        }
        while True:
            refused = self._refused.get(self._place, frozenset())
            wanted = without(body, refused)
            try:
                return client.chat.completions.create(**wanted)
            except self._openai.APIStatusError as error:
                more = refusal(f"{reason_of(error)} {error.body}", wanted, refused)
                statuses = MEDIA_REFUSING if more in MEDIA else REFUSING
                unsupported = error.status_code == _FAILED and is_unsupported(reason_of(error))
                if more is None or not (error.status_code in statuses or unsupported):
                    raise
                self._refused[self._place] = refused | {more}


def _question(asked: list[Requested]) -> dict[str, Any]:
    calls = [
        {
            "id": each.id,
            "type": "function",
            "function": {"name": each.call.name, "arguments": each.written},
        }
        for each in asked
    ]
    return {"role": "assistant", "content": "", "tool_calls": calls}


def _answer(asked: Requested, result: ToolResult) -> dict[str, Any]:
    return {"role": "tool", "tool_call_id": asked.id, "content": result_text(result)}


def _first_model(client: Any, address: str) -> str:
    models = client.models.list().data
    if not models:
        raise ConfigInvalid(
            f"The server {address} has no model.", "Load one there, or choose another address."
        )
    return str(models[0].id)


def _length(messages: list[dict[str, Any]]) -> int:
    """Estimate the tokens of the messages."""
    contents = [message["content"] for message in messages]
    return int(sum(len(plain(each)) / LETTERS + media_tokens(each) + 8 for each in contents))
