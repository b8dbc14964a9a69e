"""Streams that break the format are understood as far as possible, and read within bounds."""

from __future__ import annotations

import gzip
import itertools
import json
from collections.abc import Iterator
from types import MappingProxyType
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st
from model_server import Handler, serving

from avatar_app.core.errors import AvatarError, EngineFailed
from avatar_app.core.prompt import Message, Prompt, Role
from avatar_app.core.turn import Turn, TurnCancelled
from avatar_app.engines.dialogue.openai.engine import OpenAIDialogue
from avatar_app.engines.dialogue.openai.events import LONGEST_LINE, MOST_LINES, documents
from avatar_app.engines.dialogue.openai.stream import (
    CUT,
    LETTERS,
    Answer,
    ReadLimits,
    SilenceTooLong,
)

HELLO = "Hello! It is nice to see you."
SAID = Prompt((Message(Role.USER, "Hi!"),))
EVENTS = "text/event-stream"


def chunk(content: Any, reason: str | None = None) -> dict[str, Any]:
    return {"choices": [{"index": 0, "delta": {"content": content}, "finish_reason": reason}]}


CHUNKS = (chunk("Hello! "), chunk("It is nice "), chunk("to see you."), chunk(None, "stop"))


def events(*values: Any, end: bytes = b"\n\n", field: bytes = b"data: ") -> bytes:
    written = [each if isinstance(each, bytes) else json.dumps(each).encode() for each in values]
    return b"".join(field + each + end for each in (*written, b"[DONE]"))


def asked(body: bytes, kind: str = EVENTS, encoding: str = "") -> str:
    """What is said of a body that comes so."""

    def answer(handler: Handler, _asked: dict[str, Any]) -> None:
        handler.send_response(200)
        handler.send_header("Content-Type", kind)
        if encoding:
            handler.send_header("Content-Encoding", encoding)
        handler.send_header("Connection", "close")
        handler.end_headers()
        handler.wfile.write(body)
        handler.close_connection = True

    with serving(answer) as server:
        dialogue = OpenAIDialogue(address=server.address, model="m")
        return "".join(map(str, dialogue.reply(SAID, Turn(1))))


WHOLE = {"role": "assistant", "content": HELLO}


@pytest.mark.usefixtures("loopback")
@pytest.mark.parametrize(
    ("body", "kind"),
    [
        *((events(*CHUNKS, end=end), EVENTS) for end in (b"\n\n", b"\r\n\r\n", b"\r\r", b"\n")),
        (events(*CHUNKS, field=b"data:"), EVENTS),
        (b"\xef\xbb\xbf" + events(*CHUNKS), EVENTS),
        (b": processing\n\nevent: message\nid: 7\nretry: 10\n" + events(*CHUNKS), EVENTS),
        (events(*CHUNKS).removesuffix(b"data: [DONE]\n\n"), EVENTS),
        (events(b"null", b"[]", {"choices": None}, {"choices": [None]}, *CHUNKS), EVENTS),
        (events(json.dumps(CHUNKS[0], indent=1).replace("\n", "\ndata: ").encode(), *CHUNKS[1:]),
         EVENTS),
        (events(*CHUNKS), "text/plain"),
        (events(*CHUNKS), "application/json"),
        (b"\n".join(json.dumps(each).encode() for each in CHUNKS), "application/x-ndjson"),
        (json.dumps({"choices": [{"message": WHOLE}]}, indent=2).encode(), "application/json"),
        (json.dumps({"choices": [{"text": HELLO, "finish_reason": "stop"}]}).encode(),
         "application/json; charset=utf-8"),
        (json.dumps({"message": WHOLE, "done": True}).encode(), "application/json"),
        (events(chunk({"type": "text", "text": HELLO}), CHUNKS[-1]), EVENTS),
        (events(chunk(["Hello! ", "It is nice to see you."]), CHUNKS[-1]), EVENTS),
        (events(chunk("\x00Hello!\x07 It is nice\ud800 to see you."), CHUNKS[-1]), EVENTS),
        (events({"choices": [{"index": 1, "delta": {"content": "No"}}, *CHUNKS[0]["choices"]]},
                *CHUNKS[1:]), EVENTS),
    ],
)  # fmt: skip
def test_answer_is_parsed_in_every_stream_format(body: bytes, kind: str) -> None:
    assert asked(body, kind) == HELLO


@pytest.mark.usefixtures("loopback")
def test_utf8_character_split_across_chunks_is_decoded() -> None:
    assert asked(events(chunk("Hi \ud83c"), chunk("\udf89 you."))) == "Hi \N{PARTY POPPER} you."


@pytest.mark.usefixtures("loopback")
def test_compressed_answer_is_decoded() -> None:
    assert asked(gzip.compress(events(*CHUNKS)), encoding="gzip") == HELLO


@pytest.mark.usefixtures("loopback")
@pytest.mark.parametrize(
    ("body", "kind", "said"),
    [
        (
            b"<html><body>Welcome to nginx</body></html>",
            "text/html",
            "is not that of a language model",
        ),
        (b"{}", "application/json", "gave no answer"),
        (b'{"choices": [', "application/json", "is not that of a language model"),
        (b'{"choices": {"0": 1}}', "application/json", "gave no answer"),
        (b'{"error": {"message": "model is overloaded"}}', "application/json", "is overloaded"),
        (b'{"error": {"code": 7}}', "application/json", "it says not why"),
        (b'event: error\ndata: {"error": "overloaded"}\n\n', EVENTS, "failed: overloaded"),
        (b"data: " + b"[" * 100_000 + b"\n\n", EVENTS, "is not that of a language model"),
        (b"data: " + b"x" * (LONGEST_LINE + 1), EVENTS, "is not that of a language model"),
        (b"data: [1,\n" * (MOST_LINES + 1), EVENTS, "is not that of a language model"),
        (b"Not compressed at all.", f"{EVENTS};gzip", "broke off"),
    ],
)
def test_an_invalid_response_is_reported(body: bytes, kind: str, said: str) -> None:
    kind, _, encoding = kind.partition(";")
    with pytest.raises(AvatarError, match=said) as raised:
        asked(body, kind, encoding)
    assert raised.value.hint


@pytest.mark.usefixtures("loopback")
def test_broken_connection_is_reported() -> None:
    def answer(handler: Handler, _asked: dict[str, Any]) -> None:
        handler.send_response(200)
        handler.send_header("Transfer-Encoding", "chunked")
        handler.end_headers()
        handler.wfile.write(b"ZZ\r\n")
        handler.close_connection = True

    with serving(answer) as server, pytest.raises(EngineFailed, match="broke off"):
        list(OpenAIDialogue(address=server.address, model="m").reply(SAID, Turn(1)))


@pytest.mark.usefixtures("loopback")
@pytest.mark.parametrize(
    ("status", "document", "hint"),
    [
        (400, {"error": {"message": "maximum context length is 2048 tokens"}}, "option context"),
        (413, {}, "option context"),
        (407, {}, "HTTPS_PROXY"),
        (422, {"detail": [{"loc": ["body"], "msg": "field required"}]}, "Ask again"),
    ],
)
def test_hint_depends_on_the_http_status(status: int, document: Any, hint: str) -> None:
    with (
        serving(lambda handler, _asked: handler.send(status, document)) as server,
        pytest.raises(AvatarError) as raised,
    ):
        list(OpenAIDialogue(address=server.address, model="m").reply(SAID, Turn(1)))
    assert hint in raised.value.hint
    assert status != 422 or "field required" in raised.value.message


@given(st.lists(st.integers(0, 400), max_size=12), st.sampled_from([b"\n\n", b"\r\n\r\n", b"\r\r"]))
def test_stream_parsing_is_independent_of_chunk_borders(cuts: list[int], end: bytes) -> None:
    written = events({"a": "Grüße, 你好"}, {"b": [1]}, end=end)
    places = [0, *sorted(cuts), len(written)]
    pieces = [written[at:to] for at, to in itertools.pairwise(places)]
    assert list(documents(pieces, lambda: None)) == [{"a": "Grüße, 你好"}, {"b": [1]}]


@given(st.binary(max_size=300))
def test_arbitrary_bytes_are_parsed_or_rejected(body: bytes) -> None:
    try:
        list(documents([body], lambda: None))
    except (ValueError, RecursionError):
        return


class Endless:
    """A response that never ends."""

    headers = MappingProxyType({"content-type": EVENTS})

    def __init__(self, piece: bytes) -> None:
        self.piece, self.read_pieces = piece, 0

    def iter_bytes(self) -> Iterator[bytes]:
        while True:
            self.read_pieces += 1
            yield self.piece


def test_answer_beyond_the_length_limit_is_cut() -> None:
    received = Answer()
    endless = Endless(events(chunk("one more word "))[: -len(b"data: [DONE]\n\n")])
    said = "".join(received.texts(endless, Turn(1), ReadLimits(tokens=10, silence=60)))
    assert len(said) <= 10 * LETTERS + len("one more word ")
    assert received.reason == CUT


def test_endless_thoughts_are_cut() -> None:
    received = Answer()
    thought = {"choices": [{"index": 0, "delta": {"reasoning_content": "Hm, " * 100}}]}
    endless = Endless(b"data: " + json.dumps(thought).encode() + b"\n\n")
    assert not "".join(received.texts(endless, Turn(1), ReadLimits(tokens=10, silence=60)))
    assert received.reason == CUT


def test_keep_alives_without_content_time_out() -> None:
    with pytest.raises(SilenceTooLong):
        list(Answer().texts(Endless(b": ping\n\n"), Turn(1), ReadLimits(10, silence=0.0)))


def test_cancelling_does_not_wait_for_the_next_token() -> None:
    turn = Turn(1)
    turn.cancel()
    with pytest.raises(TurnCancelled):
        list(Answer().texts(Endless(b": ping\n\n"), turn, ReadLimits(10, silence=60)))
