"""The server for minutes: does it grow in memory, threads or files while clients come and go?"""

from __future__ import annotations

import itertools
import threading
import time
from collections.abc import Sequence
from concurrent.futures import Future, ThreadPoolExecutor
from typing import TYPE_CHECKING

from avatar_app.bench.growth import add_growth
from avatar_app.bench.process_family import FamilyReading
from avatar_app.bench.result import Report
from avatar_app.bench.served.outcomes import TurnOutcome, add_answered
from avatar_app.bench.served.requests import TEXTS, spoken
from avatar_app.bench.served.server_process import ServerProcess
from avatar_app.bench.served.talks import SpokenQuestion, talking

if TYPE_CHECKING:
    from openai import OpenAI

GROWTH_MB = 10.0
"""In ten minutes."""
TURNS = 6
"""Of a conversation, after which the client goes and comes again."""
READ_EVERY = 5.0
"""Seconds."""
ANSWERED_PERCENT = 90.0


def measure_growth(
    report: Report,
    server: ServerProcess,
    clients: Sequence[OpenAI],
    said: Sequence[SpokenQuestion],
    minutes: float,
) -> None:
    """Each client converses by voice, again and again, and has a text read between two
    conversations; the server is read meanwhile."""
    over, turns = threading.Event(), list[TurnOutcome]()

    def converse(number: int) -> None:
        sayings = itertools.islice(itertools.cycle(said), 3 * number, None)
        texts = itertools.cycle(TEXTS)
        while not over.is_set():
            with talking(clients[number]) as talk:
                for saying in itertools.islice(sayings, TURNS):
                    turns.append(talk.hear(saying))
                    if over.is_set():
                        break
            spoken(clients[number], next(texts))

    with ThreadPoolExecutor(len(clients)) as pool:
        talks = [pool.submit(converse, number) for number in range(len(clients))]
        try:
            at, read = _read(server, talks, minutes)
        finally:
            over.set()
        for talk in talks:
            talk.result()
    report.add("soak", at[-1], "min", least=minutes)
    report.add("turns", len(turns), "", least=len(clients))
    add_answered(report, "answered", turns, ANSWERED_PERCENT)
    add_growth(report, at, read, GROWTH_MB)


def _read(
    server: ServerProcess, talks: Sequence[Future[None]], minutes: float
) -> tuple[list[float], list[FamilyReading]]:
    """Return minutes, and what the server had then; until one of the clients fails."""
    begun, moment = time.perf_counter(), threading.Event()
    at, read = list[float](), list[FamilyReading]()
    while not at or (at[-1] < minutes and not any(talk.done() for talk in talks)):
        moment.wait(READ_EVERY)
        at.append((time.perf_counter() - begun) / 60)
        read.append(server.read())
    return at, read
