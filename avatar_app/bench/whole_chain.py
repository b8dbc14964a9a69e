"""Whole chain: overhead of the conversation over its engines alone, on scripted models."""

from __future__ import annotations

import time
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

import numpy as np

from avatar_app.bench.progress import show_steps
from avatar_app.bench.result import Report
from avatar_app.bench.scene import Scene
from avatar_app.bench.scripted.engines import (
    FlatFace,
    PassThrough,
    Plain,
    wait,
)
from avatar_app.core.prompt import Message, Prompt, Role
from avatar_app.core.turn import Turn
from avatar_app.core.values import (
    BLOCK_SECONDS,
    MICROPHONE_BLOCK,
    MICROPHONE_RATE,
    AudioChunk,
    Samples,
)
from avatar_app.pipeline import commands
from avatar_app.pipeline.conversation import Engines
from avatar_app.pipeline.input.turn_detection import TurnDetectionOptions
from avatar_app.pipeline.output.clauses import split_clauses
from avatar_app.session.offline.devices import block_of
from avatar_app.session.offline.simulated_user import UserVoice

SAYING = "Please tell me something."
PAUSE = 0.2
"""Seconds of silence that end a turn here: nothing is prepared ahead, as with the engines alone."""
LONGEST = 10.0
"""Timeout for an answer in seconds."""
MOST_MORE_MS = 25.0
"""Target of the chain beyond the time of its engines: two blocks and the hand-over. The ratio is
reported too, but says most about how small the engines' models are."""


@dataclass(frozen=True, slots=True)
class WholeChain:
    """The real engines of a chain, loaded."""

    recognizer: Any
    dialogue: Any
    voice: Any


def measure_whole_chain(report: Report, chain: WholeChain, rounds: int) -> None:
    """Measure the real seconds from the block that ends the user's turn to the first sample of the
    answer.

    The chain and the engines alone take turns, so that both meet the same machine.
    """
    with UserVoice() as voice:
        said = voice.say(SAYING)
    spoken = said.samples[: round(said.voiced[1] * MICROPHONE_RATE)]
    together: list[float] = []
    alone: list[float] = []
    turn_detection = TurnDetectionOptions(
        preemptive_generation_delay=PAUSE, min_endpointing_delay=PAUSE, max_endpointing_delay=PAUSE
    )
    watch = _Watch()
    timed = _Timed(chain.recognizer, watch)
    engines = Engines(PassThrough(), watch, timed, chain.dialogue, chain.voice, FlatFace())
    with Scene(engines, turn_detection, pace=BLOCK_SECONDS, output_latency=0.0) as scene:
        for number in show_steps("first sound, round", range(rounds + 1)):
            own, whole = sum(_alone(chain, spoken)), _together(scene, timed, spoken)
            if number and whole is not None:  # the first round warms up
                alone.append(own * 1000)
                together.append(whole * 1000)
    ratio = float(np.median(together) / np.median(alone)) if together else None
    report.add_percentiles("first_sound", together, "ms", p50=None, p95=None)
    report.add_percentiles("engines_alone", alone, "ms", p50=None, p95=None)
    report.add("first_sound_per_engines", ratio, "times")
    more = [one - other for one, other in zip(together, alone, strict=True)]
    report.add_percentiles("joining", more, "ms", p50=MOST_MORE_MS)
    report.add("first_sound_rounds", len(together), "", least=rounds)


def _alone(chain: WholeChain, spoken: Samples) -> tuple[float, float, float]:
    """Return the seconds of the recognizer, the dialogue and the voice, each to the output that the
    next one needs."""
    turn = Turn(1)
    turn.commit()
    ended_at = 0.0

    def blocks() -> Iterator[AudioChunk]:
        nonlocal ended_at
        for block in _beaten(np.concatenate([spoken, _silence(PAUSE)])):
            yield AudioChunk(block, MICROPHONE_RATE)
        ended_at = time.perf_counter()

    *_, transcript = chain.recognizer.transcribe(blocks(), turn)
    understood = time.perf_counter()
    reply = chain.dialogue.reply(Prompt((Message(Role.USER, transcript.text),)), turn)
    clause = next(split_clauses(reply))
    answered = time.perf_counter()
    reply.close()
    began = time.perf_counter()
    speech = chain.voice.speak(clause, turn)
    next(speech)
    sounded = time.perf_counter()
    speech.close()
    return understood - ended_at, answered - understood, sounded - began


class _Watch(Plain):
    """Knows when the user speaks: no pause within a sentence is taken for its end. Records when the
    last block was heard, in real time."""

    user_speaking = False
    heard_at = 0.0

    def probability(self, block: AudioChunk) -> float:  # noqa: ARG002 - the protocol
        self.heard_at = time.perf_counter()
        return float(self.user_speaking)


class _Timed(Plain):
    """A recognizer that records when the block was heard that ended the utterance."""

    def __init__(self, recognizer: Any, watch: _Watch) -> None:
        self._recognizer, self.watch = recognizer, watch
        self.ended_at = 0.0

    def transcribe(self, audio: Iterator[AudioChunk], turn: Turn) -> Iterator[Any]:
        def noting() -> Iterator[AudioChunk]:
            yield from audio
            self.ended_at = self.watch.heard_at

        return iter(self._recognizer.transcribe(noting(), turn))


def _together(scene: Scene, recognizer: _Timed, spoken: Samples) -> float | None:
    """Return the seconds in the conversation; None where no answer came."""
    scene.conversation.send(
        commands.Forget()
    )  # every prompt is as long as that of the engine alone
    before = len(scene.ended)
    recognizer.watch.user_speaking = True
    for block in _beaten(spoken):
        scene.step(block)
    recognizer.watch.user_speaking = False
    sounded: float | None = None
    for _ in _beaten(_silence(LONGEST)):
        began = time.perf_counter()  # a step begins with what the loudspeaker takes
        if scene.step().played.any() and sounded is None:
            sounded = began - recognizer.ended_at
            scene.conversation.send(commands.Interrupt())
        if len(scene.ended) > before:
            break
    return sounded


def _silence(seconds: float) -> Samples:
    return np.zeros(round(seconds * MICROPHONE_RATE), np.float32)


def _beaten(samples: Samples) -> Iterator[Samples]:
    """Send blocks of 10 ms, as they come from a microphone: one every 10 ms of real time."""
    due = time.perf_counter()
    for index in range(-(-len(samples) // MICROPHONE_BLOCK)):
        block = block_of(samples, index)
        assert block is not None
        yield block
        due = max(due + BLOCK_SECONDS, time.perf_counter())
        wait(due - time.perf_counter())
