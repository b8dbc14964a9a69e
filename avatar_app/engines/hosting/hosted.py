"""Hosted engines of each kind, behind their kind's protocol."""

from __future__ import annotations

from collections.abc import Iterator

from avatar_app.core.engines import Reply
from avatar_app.core.manifest import Kind
from avatar_app.core.prompt import Prompt
from avatar_app.core.turn import Turn
from avatar_app.core.values import (
    AudioChunk,
    FaceState,
    SpeechChunk,
    Transcript,
    VideoFrame,
)
from avatar_app.engines.hosting.host import Host


class HostedRecognizer(Host):
    def transcribe(self, audio: Iterator[AudioChunk], turn: Turn) -> Iterator[Transcript]:
        return self._stream("transcribe", turn, live=audio)


class HostedDialogue(Host):
    attributes = ("prepares",)
    prepares = False

    def prepare(self, prompt: Prompt, turn: Turn) -> Iterator[str]:
        return self._stream("prepare", turn, prompt)

    def reply(self, prompt: Prompt, turn: Turn) -> Reply:
        return self._stream("reply", turn, prompt)


class HostedVoice(Host):
    def speak(self, text: str, turn: Turn) -> Iterator[SpeechChunk]:
        return self._stream("speak", turn, text)


class HostedFace(Host):
    attributes = ("fps",)
    _fps: float | None = None

    @property
    def fps(self) -> float:
        if self._fps is None:
            self.wait_ready()
        assert self._fps is not None, "the child reports its fps when it is ready"
        return self._fps

    @fps.setter
    def fps(self, fps: float) -> None:
        self._fps = fps

    def perform(
        self, speech: Iterator[SpeechChunk], turn: Turn, after: VideoFrame | None = None
    ) -> Iterator[VideoFrame]:
        return self._stream("perform", turn, after, live=speech)

    def rest(self, look: FaceState, after: VideoFrame | None = None) -> VideoFrame:
        frame: VideoFrame = self._ask("rest", look, after)
        return frame


HOSTED: dict[Kind, type[Host]] = {
    Kind.ASR: HostedRecognizer,
    Kind.DIALOGUE: HostedDialogue,
    Kind.TTS: HostedVoice,
    Kind.FACE: HostedFace,
}
"""Kinds whose engines can live in a process; the others work in blocks of 10 ms and cannot wait."""
