"""Hosted engines of each kind, behind their kind's protocol."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any

import numpy as np

from avatar_app.core.engines import Reply
from avatar_app.core.generation import (
    AnimateRequest,
    Frames,
    ImageRequest,
    Verification,
    VideoRequest,
)
from avatar_app.core.jobs import Job, Progress
from avatar_app.core.manifest import Kind
from avatar_app.core.prompt import Prompt
from avatar_app.core.turn import Turn, TurnCancelled
from avatar_app.core.values import (
    AudioChunk,
    FaceState,
    Image,
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


class JobHost(Host):
    """An engine whose methods take a job."""

    def _work(self, method: str, job: Job[Any], *arguments: Any) -> Iterator[Any]:
        """Call a method that takes a job; yields what it yields or returns."""
        turn = Turn(0)
        job.when_cancelled(turn.cancel)
        try:
            for value in self._stream(method, turn, *arguments, job=True):
                if isinstance(value, Progress):
                    job.report(value.fraction, value.text, value.preview)
                else:
                    yield value
        except TurnCancelled:
            job.check()
            raise


class HostedImageGenerator(JobHost):
    def draw(self, request: ImageRequest, job: Job[Any]) -> Image:
        *_, picture = self._work("draw", job, request)
        return np.asarray(picture, np.uint8)


class HostedVideoGenerator(JobHost):
    def film(self, request: VideoRequest, job: Job[Any]) -> Frames:
        return self._work("film", job, request)


class HostedAnimator(JobHost):
    def animate(self, request: AnimateRequest, job: Job[Any]) -> Frames:
        return self._work("animate", job, request)


class HostedVerifier(JobHost):
    def verify(self, picture: Image, text: str, job: Job[Any]) -> Verification:
        verification: Verification
        *_, verification = self._work("verify", job, picture, text)
        return verification


class HostedRenderer(JobHost):
    def render(self, inputs: Mapping[str, Any], job: Job[Any]) -> Frames:
        return self._work("render", job, inputs)


HOSTED: dict[Kind, type[Host]] = {
    Kind.ASR: HostedRecognizer,
    Kind.DIALOGUE: HostedDialogue,
    Kind.TTS: HostedVoice,
    Kind.FACE: HostedFace,
    Kind.IMAGE: HostedImageGenerator,
    Kind.VIDEO: HostedVideoGenerator,
    Kind.ANIMATE: HostedAnimator,
    Kind.VERIFY: HostedVerifier,
    Kind.RENDERER: HostedRenderer,
}
"""Kinds whose engines can live in a process; the others work in blocks of 10 ms and cannot wait."""
