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


class RecognitionCase:
    def __init__(self, recognizer: object) -> None:
        self.activity = WorkTracker()
        self.commands: list[Command] = []
        self.stage = RecognitionStage(
            recognizer,  # type: ignore[arg-type]
            self.activity,
            self.commands.append,
            lambda: 0.0,
            EngineUsage(),
            NoBuiltinEngines(),
        )

    def __enter__(self) -> RecognitionCase:
        return self

    def __exit__(self, *_: object) -> None:
        self.stage.close()

    def hear(self, *numbers: int) -> None:
        for number in numbers:
            self.stage.hear(block(number))
        assert self.activity.settle(SOON)

    def settle(self) -> list[Command]:
        assert self.activity.settle(SOON)
        return self.commands


def block(number: int) -> AudioChunk:
    return AudioChunk(np.zeros(160, np.float32), 16000, number)


def texts(commands: list[Command]) -> list[tuple[str, bool]]:
    return [
        (command.transcript.text, command.transcript.final)
        for command in commands
        if isinstance(command, Recognized)
    ]


def test_utterance_is_recognized_from_prefix_padding_to_end() -> None:
    with RecognitionCase(Counting()) as case:
        case.hear(0, 1)  # nobody speaks yet
        utterance = Utterance(1)
        case.stage.begin(utterance, [block(2), block(3)])
        case.hear(4)
        assert texts(case.settle()) == [("three", False)]  # while it is spoken
        case.hear(5)
        case.stage.end()
        case.hear(6)  # too late
        assert texts(case.settle()) == [("three", False), ("2 3 4 5", True)]
        assert isinstance(case.commands[0], Recognized)
        assert utterance.segment_of(case.commands[0].turn) is utterance.segments[0]


def test_segments_are_recognized_one_after_the_other() -> None:
    with RecognitionCase(Counting()) as case:
        utterance = Utterance(1)
        case.stage.begin(utterance, [block(0)])
        case.stage.end()
        case.stage.begin(utterance, [block(1)])
        case.stage.end()
        assert texts(case.settle()) == [("0", True), ("1", True)]
        turns = [command.turn for command in case.commands if isinstance(command, Recognized)]
        assert [utterance.segment_of(turn) for turn in turns] == utterance.segments
        assert Utterance(2).segment_of(turns[0]) is None


def test_a_withdrawn_utterance_is_not_recognized() -> None:
    with RecognitionCase(Counting()) as case:
        utterance = Utterance(1)
        case.stage.begin(utterance, [block(0)])
        case.stage.withdraw(utterance)
        case.hear(1, 2, 3)
        case.stage.end()
        assert texts(case.settle()) == []
        case.stage.begin(Utterance(2), [block(7)])
        case.stage.end()
        assert texts(case.settle()) == [("7", True)]


def test_failure_is_reported_and_later_sound_does_not_block() -> None:
    with RecognitionCase(Failing()) as case:
        case.stage.begin(Utterance(1), [block(0)])
        for number in range(7000):  # more than a segment holds
            case.stage.hear(block(number))
        case.stage.end()
        (command,) = case.settle()
        assert isinstance(command, StageFailed)
        assert (command.stage, command.error.message) == ("recognize", "It broke.")
        case.stage.recognizer = Counting()  # type: ignore[assignment]
        case.stage.begin(Utterance(2), [block(7)])
        case.stage.end()
        assert texts(case.settle()) == [("7", True)]


def test_hanging_recognizer_is_abandoned() -> None:
    released, entered = threading.Event(), threading.Event()

    class Hanging:
        def transcribe(self, audio: Iterator[AudioChunk], turn: Turn) -> Iterator[Transcript]:
            entered.set()
            released.wait(SOON)
            yield Transcript("too late", final=True)

    with RecognitionCase(Hanging()) as case:
        utterance = Utterance(1)
        case.stage.begin(utterance, [])
        assert entered.wait(SOON)
        old = case.stage._stage._thread
        case.stage.withdraw(utterance)
        case.stage.restart()
        case.stage.recognizer = Counting()  # type: ignore[assignment]
        case.stage.begin(Utterance(2), [block(7)])
        case.stage.end()
        released.set()
        old.join(SOON)
        assert texts(case.settle()) == [("7", True)]


@pytest.mark.parametrize(
    ("carried", "heard", "text"),
    [
        ("", [], ""),
        ("", ["one", "", "two"], "one two"),
        ("before", ["one"], "before one"),
    ],
)
def test_utterance_text_joins_its_segments(carried: str, heard: list[str], text: str) -> None:
    with RecognitionCase(Counting()) as case:
        utterance = Utterance(1, carried)
        for words in heard:
            case.stage.begin(utterance, [])
            utterance.segments[-1].text = words
            case.stage.end()
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
    with RecognitionCase(Counting()) as case:
        utterance = Utterance(1, "said")
        for words, count in zip(("one", "two", "three"), replaced, strict=True):
            case.stage.begin(utterance, [])
            note_transcript(utterance.segments[-1], Transcript(words, final=True, replaces=count))
            case.stage.end()
        assert utterance.text == text


def test_unbelieved_text_replaces_nothing() -> None:
    with RecognitionCase(Counting()) as case:
        utterance = Utterance(1)
        for transcript in (
            Transcript("one", final=True),
            Transcript("one two", final=True, confidence=0.1, replaces=1),
        ):
            case.stage.begin(utterance, [])
            note_transcript(utterance.segments[-1], transcript)
            case.stage.end()
        assert utterance.text == "one"
