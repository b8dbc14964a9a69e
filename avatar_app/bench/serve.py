"""Serve: what the server adds to its engines, and whether several clients keep apart.

`--minutes 30`: whether it grows meanwhile.
"""

from __future__ import annotations

import itertools
import threading
import time
from collections.abc import Callable, Sequence
from concurrent.futures import ThreadPoolExecutor
from contextlib import ExitStack, closing
from typing import TYPE_CHECKING

import psutil

from avatar_app.bench.progress import show_steps
from avatar_app.bench.result import Report
from avatar_app.bench.served.outcomes import TurnOutcome, add_answered, waits_of
from avatar_app.bench.served.requests import (
    TEXTS,
    Answered,
    Mixture,
    ask_all,
    client_for,
    errors_of,
    spoken,
    wav_of,
)
from avatar_app.bench.served.server_process import ServerProcess, server_process
from avatar_app.bench.served.soak import measure_growth
from avatar_app.bench.served.talks import SpokenQuestion, talking
from avatar_app.core.errors import EngineFailed
from avatar_app.core.values import MICROPHONE_RATE
from avatar_app.media.resample import Resampler
from avatar_app.media.stream_encoder import STREAM_RATE
from avatar_app.session.offline.simulated_user import PHRASES, Saying, UserVoice
from avatar_app.settings.schema import Settings
from avatar_app.storage.syntheses import SynthesisLog
from avatar_app.system.paths import AppPaths

if TYPE_CHECKING:
    from openai import OpenAI

WIRE_MS = 40.0
"""From request to first sound at the client, on this machine, without the voice's own time."""
SESSIONS = 4
SOUND_MS = 1500.0
"""From the end of a user's voice to the first sound, in each of SESSIONS conversations."""
AT_ONCE = 16
REQUESTS, QUICK_REQUESTS = 1000, 200
ROUNDS, QUICK_ROUNDS = 100, 20
QUICK_SAYINGS = 4
DEVICES = 8
"""As which requests are sent: one alone may not send so many."""
RECORDINGS = 4
ANSWERED_PERCENT = 90.0
THINKING = (0.4, 1.6, 0.8, 2.4, 1.2)
"""Seconds for which people think between an answer and their next words, in turn. Between two
turns of a conversation there are 0.2 s as a rule, and up to several (Heldner and Edlund, 2010)."""
MOST_ROWS = 10_000
RECORDED_WITHIN = 1000
"""Looks, 10 ms apart, for a synthesis that was made."""


def measure(
    settings: Settings, paths: AppPaths, *, quick: bool, minutes: float | None = None
) -> Report:
    """Ask a server in a process of its own. Raises ModelMissing where openai is not installed, and
    EngineFailed where the server does not start."""
    report = Report()
    report.add("load_before", psutil.getloadavg()[0], "processes")
    with UserVoice() as voice:
        sayings = [voice.say(text) for text in PHRASES]
    with (
        server_process(settings, paths, sessions=SESSIONS, devices=DEVICES) as server,
        ExitStack() as opened,
    ):
        clients = [opened.enter_context(client_for(server, token)) for token in server.tokens]
        if minutes is not None:
            measure_growth(report, server, clients[:SESSIONS], _said(sayings), minutes)
        else:
            _measure_wire(report, paths, clients[0], rounds=QUICK_ROUNDS if quick else ROUNDS)
            said = _said(sayings[: QUICK_SAYINGS if quick else None])
            _measure_conversations(report, server, clients, said)
            _measure_sessions(report, clients, said)
            _measure_crowd(report, clients)
            recordings = [wav_of(saying.samples) for saying in sayings[:RECORDINGS]]
            count = QUICK_REQUESTS if quick else REQUESTS
            _measure_mixture(report, clients, recordings, count)
            _measure_server(report, server)
    report.add("load_after", psutil.getloadavg()[0], "processes")
    return report


def _said(sayings: Sequence[Saying]) -> list[SpokenQuestion]:
    said = []
    for saying in sayings:
        resampler = Resampler(MICROPHONE_RATE, STREAM_RATE)
        samples = resampler.process(saying.samples, last=True)
        said.append(SpokenQuestion(samples, round(saying.voiced[1] * STREAM_RATE)))
    return said


def _measure_wire(report: Report, paths: AppPaths, client: OpenAI, rounds: int) -> None:
    """One request after the other: what remains of the wait without the voice's own time. In a
    conversation that is also the pipeline's and the dialogue's."""
    with closing(SynthesisLog.of(paths)) as log:
        added, talked = [], []
        texts = list(itertools.islice(itertools.cycle(TEXTS), rounds))
        for text in show_steps("serve, wire", texts):
            before = len(log.latest(MOST_ROWS))
            waited = spoken(client, text)[1]
            added.append(waited - _own_ms(log, before))
        with talking(client, aloud=False) as talk:
            for number in show_steps("serve, wire of conversations", range(rounds // 2)):
                before = len(log.latest(MOST_ROWS))
                waited_ms = talk.begin(f"What is {number} plus one?")
                if waited_ms is not None:
                    talked.append(waited_ms - _own_ms(log, before))
    report.add_percentiles("speech_wire", added, "ms", p50=None, p95=WIRE_MS)
    report.add_percentiles("conversation_wire", talked, "ms", p50=None, p95=WIRE_MS)


def _own_ms(log: SynthesisLog, before: int) -> float:
    """Return the milliseconds until the voice's first sound of the first synthesis that came after
    so many; they are recorded a moment later."""
    moment = threading.Event()
    for _ in range(RECORDED_WITHIN):
        made = log.latest(MOST_ROWS)
        if len(made) > before:
            return made[-1 - before].first_ms or 0.0
        moment.wait(0.01)
    raise EngineFailed("The server did not record a synthesis.", "Run the bench again.")


def _measure_sessions(
    report: Report, clients: Sequence[OpenAI], said: list[SpokenQuestion]
) -> None:
    """SESSIONS users speak without a pause: each cuts the answer off at its first sound, and speaks
    again. That is more than people do."""

    def converse(number: int) -> list[TurnOutcome]:
        with talking(clients[number]) as talk:
            return [talk.hear(said[(at + 3 * number) % len(said)]) for at in range(len(said))]

    turns = _of_all(converse)
    waits = waits_of(turns)
    report.add_percentiles("first_sound_without_pauses", waits, "ms", p50=None, p95=None)
    add_answered(report, "answered_without_pauses", turns)


def _measure_conversations(
    report: Report, server: ServerProcess, clients: Sequence[OpenAI], said: list[SpokenQuestion]
) -> None:
    """SESSIONS people converse as people do: they hear an answer to its end, and think."""
    thinking = threading.Event()

    def converse(number: int) -> list[TurnOutcome]:
        turns = []
        with talking(clients[number]) as talk:
            for at in range(len(said)):
                thinking.wait(THINKING[(at + number) % len(THINKING)])
                turns.append(talk.listen(said[(at + 3 * number) % len(said)]))
        return turns

    begun, before = time.perf_counter(), server.processor_seconds()
    turns = _of_all(converse)
    used = server.processor_seconds() - before
    report.add_percentiles("first_sound", waits_of(turns), "ms", p50=None, p95=SOUND_MS)
    add_answered(report, "answered", turns, ANSWERED_PERCENT)
    report.add("processor", used / len(turns), "s per turn")
    report.add("cores_used", used / (time.perf_counter() - begun), "cores")


def _of_all(converse: Callable[[int], list[TurnOutcome]]) -> list[TurnOutcome]:
    """Return the turns of SESSIONS conversations at once."""
    with ThreadPoolExecutor(SESSIONS) as pool:
        return [turn for turns in pool.map(converse, range(SESSIONS)) for turn in turns]


def _measure_crowd(report: Report, clients: Sequence[OpenAI]) -> None:
    """AT_ONCE requests for speech at once."""

    def request(client: OpenAI) -> Answered:
        sound, first_ms = spoken(client, " ".join(TEXTS[:5]))
        return Answered("speech", "" if sound else "no sound", first_ms=first_ms)

    answers = ask_all(clients, [request] * AT_ONCE, AT_ONCE)
    report.add("crowd_errors", len(errors_of(answers)), "", most=0)
    waits = [each.first_ms for each in answers if not each.error]
    report.add_percentiles("crowd_first_sound", waits, "ms", p50=None, max=None)


def _measure_mixture(
    report: Report, clients: Sequence[OpenAI], recordings: list[bytes], count: int
) -> None:
    """Requests of all kinds, interleaved, while the same clients also converse."""
    requests = Mixture(clients[0], recordings).requests(count)
    over, typed = threading.Event(), list[tuple[str, str]]()

    def converse(number: int) -> None:
        with talking(clients[number], aloud=False) as talk:
            for turn in itertools.count(11, 2):
                if over.is_set():
                    return
                answer = talk.type(f"What is {turn} times {number + 3}?")
                typed.append((str(turn * (number + 3)), answer))

    with ThreadPoolExecutor(SESSIONS) as pool:
        talks = [pool.submit(converse, number) for number in range(SESSIONS)]
        try:
            answers = ask_all(clients, requests, AT_ONCE)
        finally:
            over.set()
        for talk in talks:
            talk.result()
    report.add("requests", len(answers), "", least=count)
    report.add("request_errors", len(errors_of(answers)), "", most=0)
    report.add("requests_mixed_up", sum(each.mixed_up for each in answers), "", most=0)
    answered = [(right, answer) for right, answer in typed if answer]
    report.add("turns_beside", len(answered), "", least=SESSIONS)
    report.add("turns_unanswered", len(typed) - len(answered), "", most=0)
    mixed_up = sum(right not in answer for right, answer in answered)
    report.add("turns_mixed_up", mixed_up, "", most=0)


def _measure_server(report: Report, server: ServerProcess) -> None:
    family = server.read()
    report.add("memory", family.memory_mb, "MB")
    report.add("threads", family.threads, "")
    report.add("files", family.files, "")
