"""Profiles an engine in a separate process: memory, first output, speed, and cancellation time."""

from __future__ import annotations

import multiprocessing
import os
import threading
import time
from collections.abc import Callable, Iterator
from concurrent.futures import ProcessPoolExecutor
from concurrent.futures.process import BrokenProcessPool
from contextlib import closing, suppress
from typing import Any

import numpy as np

from avatar_app.core.errors import ConfigInvalid, EngineDied
from avatar_app.core.manifest import Isolation, Kind, Manifest
from avatar_app.core.prompt import Message, Prompt, Role
from avatar_app.core.turn import Turn, TurnCancelled
from avatar_app.core.values import MICROPHONE_RATE, AudioChunk, SpeechChunk
from avatar_app.engines.hosting.hosted import HOSTED
from avatar_app.media.blocks import blocks_of
from avatar_app.runtime.factory import engine_factory
from avatar_app.runtime.registry import Registry
from avatar_app.storage.measurements import EngineProfile
from avatar_app.system.hardware import Cards, peak_mb

SECONDS = 3.0
"""Seconds of sound for recognizers and faces."""
TEXT = "It is a fine morning, and the harbour lies still. Shall we walk down to the water?"
QUESTION = "Tell me in three sentences what a harbour is for."


_NEVER = 30.0
"""Seconds after which a cancelled engine counts as not stopping."""


def profile_engine(
    registry: Registry,
    manifest: Manifest,
    options: dict[str, Any],
    model_mb: float,
    cards: Cards | None = None,
) -> EngineProfile:
    """Measure the engine with these options.

    Raises what its constructor raises, EngineDied if its process ends, and ConfigInvalid for a kind
    that works in blocks of 10 ms, as those are small.
    """
    if manifest.kind not in HOSTED:
        raise ConfigInvalid(f"{manifest.title} need not be measured.", "It uses little memory.")
    cards = cards or Cards(None)
    before = _used_mb(cards)
    factory = engine_factory(registry, manifest, options)
    spawn = multiprocessing.get_context("spawn")
    with ProcessPoolExecutor(1, spawn) as child:
        try:
            pid, base, measured = child.submit(_try_in_child, factory, manifest.kind).result()
        except BrokenProcessPool as error:
            raise EngineDied(
                f"{manifest.title} ended its process.", "Choose a smaller model, or another engine."
            ) from error
        vram = cards.used_mb_by(frozenset({pid})) or max(_used_mb(cards) - before, 0.0)
    own = manifest.isolation is Isolation.PROCESS
    peak, first, factor, stopping, tokens = measured
    ram = peak if own else peak - base
    return EngineProfile(ram, vram, model_mb, first, factor, stopping, tokens)


def _used_mb(cards: Cards) -> float:
    return sum(card.used_mb for card in cards.all())


def _try_in_child(factory: Callable[[], Any], kind: Kind) -> tuple[int, float, Any]:
    """Return the process id, its memory before the engine was created, and all measurements. The
    engine stays open, as its graphics memory is measured while it exists."""
    base = peak_mb()
    engine = factory()
    first, factor, tokens = _work(engine, kind)
    stopping = _stopping_ms(engine, kind)
    return os.getpid(), base, (peak_mb(), first, factor, stopping, tokens)


def _work(engine: Any, kind: Kind) -> tuple[float, float | None, float | None]:
    """Return the milliseconds to the first output, the seconds of work for a second of sound or
    pictures, and the tokens a dialogue writes in a second; the second time, when everything is
    warm."""
    for turn in (Turn(1), Turn(2)):
        turn.commit()
        began = time.perf_counter()
        first, seconds, pieces = None, 0.0, 0
        for output in _outputs(engine, kind, turn):
            first = first or time.perf_counter() - began
            seconds += output.audio.seconds if isinstance(output, SpeechChunk) else 0.0
            pieces += bool(output) if isinstance(output, str) else 0
        took = time.perf_counter() - began
    seconds = seconds if kind is Kind.TTS else SECONDS
    factor = took / seconds if kind is not Kind.DIALOGUE and seconds else None
    writing = took - (first or took)
    tokens = (pieces - 1) / writing if kind is Kind.DIALOGUE and pieces > 1 and writing else None
    return (first or took) * 1000, factor, tokens


def _stopping_ms(engine: Any, kind: Kind) -> float | None:
    """Return the milliseconds from `cancel`, in the middle of the work, until the engine stops;
    None if it finished before."""
    turn = Turn(3)
    turn.commit()
    begun, cut = threading.Event(), threading.Event()

    def run() -> None:
        with suppress(TurnCancelled), closing(_outputs(engine, kind, turn)) as outputs:
            for _ in outputs:
                begun.set()
                turn.check()
            return
        cut.set()

    worker = threading.Thread(target=run, name="worker", daemon=True)
    worker.start()
    begun.wait(_NEVER)
    began = time.perf_counter()
    turn.cancel()
    worker.join(_NEVER)
    return (time.perf_counter() - began) * 1000 if cut.is_set() else None


def _outputs(engine: Any, kind: Kind, turn: Turn) -> Any:
    calls: dict[Kind, Callable[[], Any]] = {
        Kind.ASR: lambda: engine.transcribe(blocks_of(_voice(MICROPHONE_RATE)), turn),
        Kind.TTS: lambda: engine.speak(TEXT, turn),
        Kind.FACE: lambda: engine.perform(_speech(), turn),
        Kind.DIALOGUE: lambda: engine.reply(_prompt(), turn),
    }
    return calls[kind]()


def _prompt() -> Prompt:
    return Prompt((Message(Role.SYSTEM, "You are helpful."), Message(Role.USER, QUESTION)))


def _voice(rate: int) -> Any:
    """Return a synthetic voice: a hum of 120 Hz with overtones that swells four times a second."""
    at = np.arange(int(SECONDS * rate)) / rate
    hum = sum(np.sin(2 * np.pi * 120 * n * at) / n for n in range(1, 12))
    return (0.1 * hum * (0.5 - 0.5 * np.cos(2 * np.pi * 4 * at))).astype(np.float32)


def _speech() -> Iterator[SpeechChunk]:
    yield SpeechChunk(AudioChunk(_voice(MICROPHONE_RATE), MICROPHONE_RATE), TEXT)
