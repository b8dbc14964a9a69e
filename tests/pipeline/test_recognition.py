"""An utterance is recognized while it is spoken; nothing of it is lost between its pauses."""

from __future__ import annotations

import threading
from collections.abc import Iterator

import numpy as np
import pytest

from avatar_app.core.errors import EngineFailed
from avatar_app.core.turn import Turn
from avatar_app.core.values import AudioChunk, Transcript
from avatar_app.pipeline.builtin_engines import NoBuiltinEngines
from avatar_app.pipeline.commands import Command, Recognized, StageFailed
from avatar_app.pipeline.engine_usage import EngineUsage
from avatar_app.pipeline.input.recognition import RecognitionStage
from avatar_app.pipeline.input.word_filter import note_transcript
from avatar_app.pipeline.utterance import Utterance
from avatar_app.pipeline.work_tracker import WorkTracker

SOON = 10.0


class Counting:
    """Understands how many blocks it heard."""

    def transcribe(self, audio: Iterator[AudioChunk], turn: Turn) -> Iterator[Transcript]:
        starts = []
        for block in audio:
            starts.append(block.start)
            if len(starts) == 3:
                yield Transcript("three")
        yield Transcript(" ".join(map(str, starts)), final=True)


class Failing:
    def transcribe(self, audio: Iterator[AudioChunk], turn: Turn) -> Iterator[Transcript]:
        next(audio)
        raise EngineFailed("It broke.", "Mend it.")
        yield


class Ear:
    def __init__(self, recognizer: object) -> None:
        self.activity = WorkTracker()
        self.orders: list[Command] = []
        self.listener = RecognitionStage(
            recognizer,  # type: ignore[arg-type]
            self.activity,
            self.orders.append,
            lambda: 0.0,
            EngineUsage(),
            NoBuiltinEngines(),
        )

    def __enter__(self) -> Ear:
        return self

    def __exit__(self, *_: object) -> None:
        self.listener.close()

    def hear(self, *numbers: int) -> None:
        for number in numbers:
            self.listener.hear(block(number))
        assert self.activity.settle(SOON)

    def settle(self) -> list[Command]:
        assert self.activity.settle(SOON)
        return self.orders


def block(number: int) -> AudioChunk:
    return AudioChunk(np.zeros(160, np.float32), 16000, number)


def texts(orders: list[Command]) -> list[tuple[str, bool]]:
    return [
        (order.transcript.text, order.transcript.final)
        for order in orders
        if isinstance(order, Recognized)
    ]


def test_it_is_recognized_from_its_prefix_padding_to_its_end() -> None:
    with Ear(Counting()) as ear:
        ear.hear(0, 1)  # nobody speaks yet
        utterance = Utterance(1)
        ear.listener.begin(utterance, [block(2), block(3)])
        ear.hear(4)
        assert texts(ear.settle()) == [("three", False)]  # while it is spoken
        ear.hear(5)
        ear.listener.end()
        ear.hear(6)  # too late
        assert texts(ear.settle()) == [("three", False), ("2 3 4 5", True)]
        assert isinstance(ear.orders[0], Recognized)
        assert utterance.segment_of(ear.orders[0].turn) is utterance.segments[0]


def test_segments_are_recognized_one_after_the_other() -> None:
    with Ear(Counting()) as ear:
        utterance = Utterance(1)
        ear.listener.begin(utterance, [block(0)])
        ear.listener.end()
        ear.listener.begin(utterance, [block(1)])
        ear.listener.end()
        assert texts(ear.settle()) == [("0", True), ("1", True)]
        turns = [order.turn for order in ear.orders if isinstance(order, Recognized)]
        assert [utterance.segment_of(turn) for turn in turns] == utterance.segments
        assert Utterance(2).segment_of(turns[0]) is None


def test_a_withdrawn_utterance_is_not_recognized() -> None:
    with Ear(Counting()) as ear:
        utterance = Utterance(1)
        ear.listener.begin(utterance, [block(0)])
        ear.listener.withdraw(utterance)
        ear.hear(1, 2, 3)
        ear.listener.end()
        assert texts(ear.settle()) == []
        ear.listener.begin(Utterance(2), [block(7)])
        ear.listener.end()
        assert texts(ear.settle()) == [("7", True)]


def test_a_failure_is_told_and_what_is_still_said_blocks_nobody() -> None:
    with Ear(Failing()) as ear:
        ear.listener.begin(Utterance(1), [block(0)])
        for number in range(7000):  # more than a segment holds
            ear.listener.hear(block(number))
        ear.listener.end()
        (order,) = ear.settle()
        assert isinstance(order, StageFailed)
        assert (order.stage, order.error.message) == ("recognize", "It broke.")
        ear.listener.recognizer = Counting()  # type: ignore[assignment]
        ear.listener.begin(Utterance(2), [block(7)])
        ear.listener.end()
        assert texts(ear.settle()) == [("7", True)]


def test_a_recognizer_that_does_not_come_back_is_given_up() -> None:
    released, entered = threading.Event(), threading.Event()

    class Hanging:
        def transcribe(self, audio: Iterator[AudioChunk], turn: Turn) -> Iterator[Transcript]:
            entered.set()
            released.wait(SOON)
            yield Transcript("too late", final=True)

    with Ear(Hanging()) as ear:
        utterance = Utterance(1)
        ear.listener.begin(utterance, [])
        assert entered.wait(SOON)
        old = ear.listener._stage._thread
        ear.listener.withdraw(utterance)
        ear.listener.renew()
        ear.listener.recognizer = Counting()  # type: ignore[assignment]
        ear.listener.begin(Utterance(2), [block(7)])
        ear.listener.end()
        released.set()
        old.join(SOON)
        assert texts(ear.settle()) == [("7", True)]


@pytest.mark.parametrize(
    ("carried", "heard", "text"),
    [
        ("", [], ""),
        ("", ["one", "", "two"], "one two"),
        ("before", ["one"], "before one"),
    ],
)
def test_the_text_of_an_utterance(carried: str, heard: list[str], text: str) -> None:
    with Ear(Counting()) as ear:
        utterance = Utterance(1, carried)
        for words in heard:
            ear.listener.begin(utterance, [])
            utterance.segments[-1].text = words
            ear.listener.end()
        assert utterance.text == text
        assert utterance.understood == (not heard)
        for segment in utterance.segments:
            segment.final = True
        assert utterance.understood


@pytest.mark.parametrize(
    ("replaced", "text"),
    [((0, 0, 0), "said one two three"), ((0, 1, 0), "said two three"), ((0, 1, 2), "said three")],
)
def test_a_text_replaces_those_of_segments_recognized_again(
    replaced: tuple[int, ...], text: str
) -> None:
    with Ear(Counting()) as ear:
        utterance = Utterance(1, "said")
        for words, count in zip(("one", "two", "three"), replaced, strict=True):
            ear.listener.begin(utterance, [])
            note_transcript(utterance.segments[-1], Transcript(words, final=True, replaces=count))
            ear.listener.end()
        assert utterance.text == text


def test_a_text_that_is_not_believed_replaces_nothing() -> None:
    with Ear(Counting()) as ear:
        utterance = Utterance(1)
        for transcript in (
            Transcript("one", final=True),
            Transcript("one two", final=True, confidence=0.1, replaces=1),
        ):
            ear.listener.begin(utterance, [])
            note_transcript(utterance.segments[-1], transcript)
            ear.listener.end()
        assert utterance.text == "one"
