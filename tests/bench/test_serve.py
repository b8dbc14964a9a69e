"""`bench serve` tells one answer from another, says why a turn has none, and why a server does not
start."""

from __future__ import annotations

import queue
import threading
import time
from collections.abc import Sequence
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import numpy as np
import pytest
from websockets.exceptions import ConnectionClosed

from avatar_app.bench.result import BenchResult, Report
from avatar_app.bench.served import requests, server_process
from avatar_app.bench.served.outcomes import (
    TurnFollower,
    TurnOutcome,
    Unanswered,
    add_answered,
    waits_of,
)
from avatar_app.bench.served.requests import TEXTS, Answered, Mixture, ask_all
from avatar_app.bench.served.talks import SpokenQuestion, Talk
from avatar_app.core.errors import EngineFailed
from avatar_app.settings.loading import load_settings
from avatar_app.system.paths import paths_under

pytestmark = [
    pytest.mark.usefixtures("loopback"),
    pytest.mark.filterwarnings("ignore:connect.. must be used:DeprecationWarning"),  # by openai
]


def exchanged(learned: int) -> Any:
    """A server that speaks the text of another request from so many on."""
    asked = 0

    def spoken(_client: Any, text: str) -> tuple[bytes, float]:
        nonlocal asked
        asked += 1
        return TEXTS[TEXTS.index(text) - (asked > learned)].encode(), 1.0

    return spoken


def test_answers_of_others_are_noticed(monkeypatch: pytest.MonkeyPatch) -> None:
    heard = iter(["one", *["one" if n % 2 else "another" for n in range(100)]])
    monkeypatch.setattr(requests, "spoken", exchanged(len(TEXTS) + 3))
    monkeypatch.setattr(requests, "transcribed", lambda *_: next(heard))
    message = SimpleNamespace(content="That's 12.")
    completion = SimpleNamespace(choices=[SimpleNamespace(message=message)])
    chat = SimpleNamespace(completions=SimpleNamespace(create=lambda **_: completion))
    client: Any = SimpleNamespace(chat=chat)
    answers = ask_all([client], Mixture(client, [b"wav"]).requests(40), 1)
    mixed_up = dict.fromkeys(("speech", "question", "transcription"), 0)
    for answer in answers:
        mixed_up[answer.kind] += answer.mixed_up
    assert mixed_up["speech"] == 24
    assert mixed_up["question"] >= 11  # one may be right by chance
    assert mixed_up["transcription"] == 2


def test_a_refusal_is_an_error_and_not_a_mix_up() -> None:
    from openai import OpenAIError

    def refuse(_client: Any) -> Answered:
        raise OpenAIError("no")

    client: Any = None
    assert ask_all([client], [refuse], 1) == [Answered("failed", "no")]


def test_a_server_that_does_not_start_says_why(tmp_path: Path) -> None:
    settings, _ = load_settings()
    (tmp_path / "devices.db").mkdir()
    with (
        pytest.raises(EngineFailed, match=r"devices\.db cannot be used"),
        server_process.server_process(settings, paths_under(tmp_path), sessions=1, devices=1),
    ):
        raise AssertionError("it started")


def event(kind: str, **fields: Any) -> Any:
    return SimpleNamespace(type=kind, **fields)


def response(kind: str, id: str, status: str = "in_progress") -> Any:
    return event(f"response.{kind}", response=SimpleNamespace(id=id, status=status))


def sound(id: str) -> Any:
    return event("response.output_audio.delta", response_id=id, delta="AAAA")


STARTED = event("input_audio_buffer.speech_started", item_id="u1")
STOPPED = event("input_audio_buffer.speech_stopped", item_id="u1")
COMMITTED = event("input_audio_buffer.committed", item_id="u1")
SAID = [STARTED, STOPPED, COMMITTED, response("created", "r1")]
VOICE_END = 10.0


def followed(*events: Any, first_at: float = 11.0) -> TurnFollower:
    follower = TurnFollower({"r0"})
    for number, each in enumerate(events):
        follower.take(each, first_at + number / 100, VOICE_END)
    return follower


def test_the_first_sound_after_the_voice_is_the_answer() -> None:
    follower = followed(sound("r0"), response("done", "r0", "cancelled"), *SAID)
    assert not follower.answer, "what was said before is answered by another response"
    assert follower.is_pending
    follower.take(sound("r1"), 11.5, VOICE_END)
    assert follower.answer == "r1"


@pytest.mark.parametrize(
    ("events", "reason"),
    [
        ((), Unanswered.UNHEARD),
        ((STARTED,), Unanswered.TIMEOUT),
        (SAID, Unanswered.TIMEOUT),
        ((STARTED, STOPPED), Unanswered.DISCARDED),
        ((*SAID, response("done", "r1", "cancelled")), Unanswered.CUT_OFF),
        ((*SAID, response("done", "r1", "completed")), Unanswered.SILENT),
        ((*SAID, response("done", "r1", "failed")), Unanswered.FAILED),
    ],
    ids=lambda value: value if isinstance(value, str) else "after",
)
def test_an_unanswered_turn_has_a_reason(events: Sequence[Any], reason: Unanswered) -> None:
    follower = followed(*events)
    assert not follower.answer
    assert follower.give_up() is reason
    assert follower.is_pending == (reason in (Unanswered.UNHEARD, Unanswered.TIMEOUT))


def test_an_answer_to_half_of_what_was_said_is_early() -> None:
    follower = followed(*SAID, sound("r1"), first_at=9.0)
    follower.take(sound("r1"), 12.0, VOICE_END)
    assert not follower.answer
    follower.take(response("done", "r1", "completed"), 13.0, VOICE_END)
    assert follower.give_up() is Unanswered.EARLY
    for each in (response("created", "r2"), sound("r2")):
        follower.take(each, 14.0, VOICE_END)
    assert follower.answer == "r2", "and then all of it was answered"


def test_reasons_are_counted_in_the_report() -> None:
    report = Report()
    outcomes = [TurnOutcome(wait_ms=200.0)] * 7 + [TurnOutcome(reason=Unanswered.CUT_OFF)] * 2
    add_answered(report, "answered", [*outcomes, TurnOutcome(reason=Unanswered.TIMEOUT)], 90.0)
    written = BenchResult("serve", {}, report).as_json()["metrics"]
    assert written["answered"] == {"value": 70.0, "unit": "%", "target": "≥ 90", "ok": False}
    assert written["unanswered_cut_off"]["value"] == 2
    assert written["unanswered_timeout"]["value"] == 1
    assert len(written) == 3
    assert waits_of(outcomes) == [200.0] * 7


class Connection:
    """A server that answers as soon as a voice has ended, but for what it is told."""

    def __init__(self) -> None:
        self.events = queue.SimpleQueue[Any]()
        self.appended = 0
        self.cancelled = False
        self.voice_passed = threading.Event()
        self.input_audio_buffer = SimpleNamespace(append=self.append)
        self.response = SimpleNamespace(cancel=self.cancel)

    def append(self, audio: str) -> None:
        if set(audio) != {"A", "="} and set(audio) != {"A"}:  # zeros in base64
            self.appended += 1
        elif self.appended:
            self.voice_passed.set()

    def cancel(self) -> None:
        self.cancelled = True
        self.events.put(response("done", "r1", "cancelled"))

    def recv(self) -> Any:
        event = self.events.get()
        if event is None:
            raise ConnectionClosed(None, None)
        return event


QUESTION = SpokenQuestion(np.full(9_600, 0.5, np.float32), 4_800)
"""0.4 s, of which the voice takes half."""


def test_a_talk_counts_from_the_end_of_the_voice() -> None:
    connection = Connection()
    talk = Talk(connection)
    with ThreadPoolExecutor(1) as pool:
        connection.events.put(sound("r0"))  # a rest of what was before
        talk.microphone.start()
        heard = pool.submit(talk.hear, QUESTION)
        assert connection.voice_passed.wait(60)
        sent_at = time.perf_counter()
        for each in (*SAID, sound("r1")):
            connection.events.put(each)
        outcome, got_at = heard.result(), time.perf_counter()
        ended_at = talk.microphone.voice_ended_at
        talk.microphone.close()
        assert connection.cancelled
        assert outcome.reason is None
        assert outcome.wait_ms is not None
        assert ended_at is not None
        assert 1000 * (sent_at - ended_at) <= outcome.wait_ms <= 1000 * (got_at - ended_at)
        connection.events.put(None)
        talk.join()
        assert talk.hear(QUESTION) == TurnOutcome(reason=Unanswered.DISCONNECTED)
