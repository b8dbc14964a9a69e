"""Tiny engines that behave, or misbehave, in a process of their own."""

from __future__ import annotations

import os
import re
import threading
import time
from collections.abc import Generator, Iterator
from typing import Any

import numpy as np

from avatar_app.core.errors import AvatarError, InputInvalid, ModelMissing
from avatar_app.core.prompt import Prompt
from avatar_app.core.turn import Turn
from avatar_app.core.values import (
    AudioChunk,
    FaceState,
    SpeechChunk,
    ToolCall,
    ToolResult,
    Transcript,
    VideoFrame,
)


class OwnError(AvatarError):
    """A class that only the engine knows."""

    __module__ = "a_users_engine"


class Private:
    """A class that the parent cannot import."""

    __module__ = "a_users_engine"
    __qualname__ = "Private"


class TinyVoice:
    """Obeys the text that it is to speak."""

    def __init__(self, **options: Any) -> None:
        self.options = options

    def configure(self, **options: Any) -> None:
        if "bad" in options:
            raise InputInvalid("No such option.", "Choose another.")
        self.options |= options

    def close(self) -> None:
        """Has nothing."""

    def speak(self, text: str, turn: Turn) -> Iterator[SpeechChunk]:
        order, _, argument = text.partition(" ")
        yield from getattr(self, f"_{order}")(argument, turn)

    def _say(self, text: str, turn: Turn) -> Iterator[SpeechChunk]:
        for index, word in enumerate(text.split()):
            yield said(word, index)

    def _options(self, text: str, turn: Turn) -> Iterator[SpeechChunk]:
        yield said(" ".join(f"{key}={value}" for key, value in sorted(self.options.items())))

    def _process(self, text: str, turn: Turn) -> Iterator[SpeechChunk]:
        yield said(str(os.getpid()))

    def _turn(self, text: str, turn: Turn) -> Iterator[SpeechChunk]:
        yield said(f"{turn.id} {turn.user_text}")

    def _exit(self, text: str, turn: Turn) -> Iterator[SpeechChunk]:
        yield said("before")
        os._exit(int(text))

    def _block(self, text: str, turn: Turn) -> Iterator[SpeechChunk]:
        yield said("before")
        released = threading.Event()
        turn.when_cancelled(released.set)
        released.wait(60)
        turn.check()
        yield said("after")

    def _hang(self, text: str, turn: Turn) -> Iterator[SpeechChunk]:
        threading.Event().wait(60)
        yield said("too late")

    def _count(self, text: str, turn: Turn) -> Iterator[SpeechChunk]:
        """For ever, as fast as it can; the file `text` has a byte for each that was made."""
        number = 0
        try:
            while True:
                turn.check()
                number += 1
                with open(text, "ab") as file:
                    file.write(b".")
                yield said(str(number))
        finally:
            with open(f"{text}.closed", "wb"):
                self.options["closed"] = True

    def _raise(self, text: str, turn: Turn) -> Iterator[SpeechChunk]:
        yield said("before")
        error: Exception = {
            "mendable": ModelMissing("The model is missing.", "Fetch it."),
            "own": OwnError("It is my own.", "Mend it."),
            "bug": ZeroDivisionError("oops"),
            "shortage": RuntimeError("CUDA error: out of memory"),
        }[text]
        raise error

    def _unpicklable(self, text: str, turn: Turn) -> Iterator[Any]:
        yield threading.Lock()

    def _unknown(self, text: str, turn: Turn) -> Iterator[Any]:
        import sys
        import types

        module = types.ModuleType("a_users_engine")
        module.Private = Private  # type: ignore[attr-defined]
        sys.modules["a_users_engine"] = module
        yield Private()


def said(text: str, start: int = 0) -> SpeechChunk:
    return SpeechChunk(AudioChunk(np.zeros(16, np.float32), 16000, start), text)


class FragileVoice(TinyVoice):
    """Breaks if it is closed while it speaks, as engines in C do."""

    def close(self) -> None:
        self.closed = True
        threading.Event().wait(1)

    def speak(self, text: str, turn: Turn) -> Iterator[SpeechChunk]:
        yield said("before")
        released = threading.Event()
        turn.when_cancelled(released.set)
        released.wait(60)
        threading.Event().wait(0.3)
        if getattr(self, "closed", False):
            raise ReferenceError("the handle is gone")
        turn.check()


class TinyRecognizer(TinyVoice):
    """Tells after each block how many samples it heard."""

    def transcribe(self, audio: Iterator[AudioChunk], turn: Turn) -> Iterator[Transcript]:
        count = 0
        for block in audio:
            count += len(block.samples)
            yield Transcript(str(count))
            if block.samples[0] < 0:
                threading.Event().wait(60)
        if count == 0:
            threading.Event().wait(60)
        yield Transcript(str(count), final=True)


class DeafRecognizer(TinyVoice):
    """Keeps the interpreter to itself as soon as it hears something: no thread goes on."""

    def transcribe(self, audio: Iterator[AudioChunk], turn: Turn) -> Iterator[Transcript]:
        next(audio)
        re.match("(a+)+$", 64 * "a" + "b")  # takes for ever
        yield Transcript("too late", final=True)


class TinyDialogue(TinyVoice):
    """Asks the application, and answers with what it was told."""

    def reply(
        self, prompt: Prompt, turn: Turn
    ) -> Generator[str | ToolCall, ToolResult | None, None]:
        yield "Let me see. "
        result = yield ToolCall("look_up", {"what": prompt.user_text})
        assert result is not None
        yield f"It is {result.value}{result.error}. "
        other = yield ToolCall("again")
        yield f"And {other.value if other else 'nothing'}."


class TinyFace(TinyVoice):
    """A big gray picture per chunk."""

    fps = 12.5

    def perform(
        self, speech: Iterator[SpeechChunk], turn: Turn, after: VideoFrame | None = None
    ) -> Iterator[VideoFrame]:
        level = 0 if after is None else int(after.image[0, 0, 0])
        for index, chunk in enumerate(speech):
            image = np.full((1080, 1920, 3), level + index, np.uint8)
            yield VideoFrame(image, index / self.fps, chunk.text)

    def rest(self, look: FaceState, after: VideoFrame | None = None) -> VideoFrame:
        return VideoFrame(np.zeros((4, 4, 3), np.uint8), 0.0, str(look))


def refuse_to_load() -> Any:
    raise ModelMissing("The model is missing.", "Fetch it.")


def break_while_loading() -> Any:
    raise RuntimeError("oops")


def die_while_loading() -> Any:
    os._exit(7)


def load_slowly() -> Any:
    time.sleep(0.5)
    return TinyVoice(loaded="slowly")


def load_for_ever() -> Any:
    threading.Event().wait(60)


def load_at_the_second_try(path: str) -> Any:
    if not os.path.exists(path):
        with open(path, "w", encoding="ascii"):
            raise ModelMissing("The model is missing.", "Fetch it.")
    return TinyVoice(loaded="at last")


class PatientVoice(TinyVoice):
    """Says itself for how long it would wait for what it says."""

    patience = 0.0

    def configure(self, **options: Any) -> None:
        self.patience = options.get("patience", self.patience)

    def _wait(self, text: str, turn: Turn) -> Iterator[SpeechChunk]:
        turn.explain_wait("The server is loading.")
        threading.Event().wait(float(text))
        turn.explain_wait("")
        yield said("at last")

    def _ponder(self, text: str, turn: Turn) -> Iterator[SpeechChunk]:
        """Computes without an output, and shows that it does."""
        end = time.monotonic() + float(text)
        while time.monotonic() < end:
            turn.check()
        yield said("at last")

    def _spin(self, text: str, turn: Turn) -> Iterator[SpeechChunk]:
        while True:
            pass
        yield said("too late")
