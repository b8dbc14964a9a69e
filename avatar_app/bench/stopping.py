"""Stopping: how soon engines stop working when a turn is cancelled."""

from __future__ import annotations

import multiprocessing
import threading
import time
from collections.abc import Callable, Iterator, Mapping
from contextlib import ExitStack, closing, contextmanager, suppress
from itertools import count
from multiprocessing.connection import Connection
from typing import Any

import numpy as np

from avatar_app.bench.progress import show_steps
from avatar_app.bench.result import Report
from avatar_app.bench.scripted.engines import noisy_voice, wait
from avatar_app.core.errors import EngineDied
from avatar_app.core.manifest import Kind
from avatar_app.core.prompt import Message, Prompt, Role
from avatar_app.core.turn import Turn, TurnCancelled
from avatar_app.core.values import MICROPHONE_BLOCK, MICROPHONE_RATE, AudioChunk

MOST_MS = 100.0
SECONDS = 6.0
"""Seconds of sound that a recognizer gets at once."""
LINES = " ".join(f"On day {day} the harbour lay still." for day in range(150))
"""What a language model reads, and a voice speaks a part of."""
EARLY = 0.8
"""Share of its shortest time: the latest moment at which an engine is stopped; otherwise it might
be done."""
TRIALS = 3
"""How often an engine may finish its work, to measure how long that takes."""
_NEVER = 60.0
"""Seconds after which an engine counts as not returning."""

Factory = Callable[[], Any]


def measure_stopping(
    report: Report,
    factories: Mapping[str, tuple[Kind, Factory]],
    rounds: int,
) -> None:
    """Return the milliseconds from `cancel` until the engine stops, by the engine's name.

    Each engine is in a process of its own; in each round each is stopped once, later in its work
    from round to round.
    """
    stopped: dict[str, list[float]] = {name: [] for name in factories}
    with ExitStack() as opened:
        asks = {
            name: opened.enter_context(_served(kind, factory))
            for name, (kind, factory) in factories.items()
        }
        for number in show_steps("cancelling, round", range(rounds)):
            for name, ask in asks.items():
                took = ask((number + 0.5) / rounds)
                stopped[name] += [] if took is None else [took]
    for name, values in stopped.items():
        report.add_percentiles(f"cancel_{name}", values, "ms", p50=None, p95=MOST_MS)
        report.add(f"cancelled_{name}", 100 * len(values) / rounds, "%", least=50)


@contextmanager
def _served(kind: Kind, factory: Factory) -> Iterator[Callable[[float], float | None]]:
    """Yield a function that makes a new process work and stops it after a share of its work.

    It is loaded, and has found out how long its work lasts, before another is opened.
    """
    spawn = multiprocessing.get_context("spawn")
    ours, theirs = spawn.Pipe()
    process = spawn.Process(target=_serve, args=(theirs, kind, factory), daemon=True)
    process.start()
    theirs.close()

    def receive() -> float | None:
        try:
            took: float | None = ours.recv()
        except (EOFError, OSError) as error:
            raise EngineDied("An engine ended while it was measured.", "Try again.") from error
        return took

    def ask(share: float) -> float | None:
        with suppress(OSError):  # an engine that is gone does not answer either
            ours.send(share)
        return receive()

    try:
        receive()
        yield ask
    finally:
        ours.close()
        process.join(1.0)
        process.kill()


def _serve(connection: Connection, kind: Kind, factory: Factory) -> None:
    """Serve requests in the engine's process, until the other one ends."""
    engine = factory()
    lasts = min(_run(engine, kind, number, None)[1] for number in range(TRIALS))
    with suppress(EOFError, OSError):
        connection.send(None)
        for number in count(TRIALS):
            took, seconds = _run(engine, kind, number, EARLY * connection.recv() * lasts)
            if took is None:
                lasts = min(lasts, seconds)
            connection.send(took)


def _run(
    engine: Any, kind: Kind, number: int, cancel_after: float | None
) -> tuple[float | None, float]:
    """Return the milliseconds to stop, None if the work was done before; and seconds of all
    of it."""
    turn = Turn(number)
    turn.commit()
    cut = threading.Event()

    def work() -> None:
        with suppress(TurnCancelled), closing(_outputs(engine, kind, turn)) as outputs:
            for _ in outputs:
                turn.check()
            return
        cut.set()

    worker = threading.Thread(target=work, name="worker", daemon=True)
    began = time.perf_counter()
    worker.start()
    if cancel_after is not None:
        wait(cancel_after)
        cancelled = time.perf_counter()
        turn.cancel()
    worker.join(_NEVER)
    ended = time.perf_counter()
    took = (ended - cancelled) * 1000 if cancel_after is not None and cut.is_set() else None
    return took, ended - began


def _outputs(engine: Any, kind: Kind, turn: Turn) -> Any:
    """Yield outputs that differ from turn to turn, so that earlier turns do not help."""
    match kind:
        case Kind.ASR:
            return engine.transcribe(_blocks(turn.id), turn)
        case Kind.TTS:
            return engine.speak(f"{turn.id}. {LINES[:2000]}", turn)
        case _:
            system = Message(Role.SYSTEM, f"{turn.id}. {LINES}")
            return engine.reply(Prompt((system, Message(Role.USER, "And then?"))), turn)


def _blocks(seed: int) -> Iterator[AudioChunk]:
    sound = noisy_voice(SECONDS, np.random.default_rng(seed))
    for block in sound.reshape(-1, MICROPHONE_BLOCK):
        yield AudioChunk(block, MICROPHONE_RATE)
