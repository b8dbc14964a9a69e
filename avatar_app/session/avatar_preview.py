"""One small face that moves: at rest, or saying a sentence with its sound, apart from the
conversation."""

from __future__ import annotations

import re
import threading
import time
from collections.abc import Callable
from functools import partial
from typing import Any

from avatar_app.core.engines import Face
from avatar_app.core.errors import AvatarError
from avatar_app.core.jobs import Job
from avatar_app.core.turn import Turn
from avatar_app.core.values import PLAYBACK_RATE, FaceState, Image, SpeechChunk, VideoFrame
from avatar_app.session.avatar_gallery import PICTURE, AvatarGallery, PreviewFace
from avatar_app.session.checks.device_checks import AudioChecks
from avatar_app.session.voice_gallery import InstalledVoice, VoiceGallery

Watch = Callable[[Image], None]
"""Gets each picture, from another thread."""
Clock = Callable[[], float]
_ENDS = re.compile(r"(?<=[.!?…])\s+")
MOST_LETTERS = 160
"""Of a sentence that an avatar says to be seen."""
LONGEST_REST = 0.25
"""Seconds between two pictures of a calm face, at most."""


def last_sentence(text: str) -> str:
    """Return the last sentence of what was said, without its beginning where it is very long."""
    last = _ENDS.split(" ".join(text.split()))[-1]
    return last if len(last) <= MOST_LETTERS else last[-MOST_LETTERS:].partition(" ")[2]


class SpokenSentence:
    """What is being said, and how much of it has been heard."""

    def __init__(self, chunks: tuple[SpeechChunk, ...], clock: Clock) -> None:
        self.chunks, self._clock = chunks, clock
        self._heard, self._at = 0.0, clock()
        self.is_over = False

    def follow(self, seconds: float, at: float) -> None:
        """The loudspeaker is `seconds` into the sound at the time `at`."""
        self._heard, self._at = seconds, at

    @property
    def heard(self) -> float:
        """Seconds."""
        return self._heard + self._clock() - self._at


class AvatarPreview:
    """Draws only while something is shown; its thread ends with `close`."""

    def __init__(
        self,
        avatars: AvatarGallery,
        voices: VoiceGallery,
        checks: AudioChecks,
        clock: Clock = time.monotonic,
    ) -> None:
        self._avatars, self._voices, self._checks, self._clock = avatars, voices, checks, clock
        self._changed = threading.Condition()
        self._wanted: tuple[PreviewFace, Watch] | None = None
        self._sentence: SpokenSentence | None = None
        self._closed = False
        self._thread: threading.Thread | None = None

    def show(self, face: PreviewFace, watch: Watch) -> None:
        """Let this one move, in place of the one before."""
        with self._changed:
            self._wanted = face, watch
            if self._thread is None and not self._closed:
                self._thread = threading.Thread(target=self._run, name="preview", daemon=True)
                self._thread.start()
            self._changed.notify_all()

    def stop(self) -> None:
        """Nothing moves any more; the face is given back."""
        with self._changed:
            self._wanted = None
            self._changed.notify_all()

    def say(self, job: Job[Any], voice: InstalledVoice | None, text: str) -> None:
        """Let the face on show say `text`, until it is over; the conversation waits meanwhile."""
        from avatar_app.session.checks.sounds import sound_of

        chunks = self._voices.speech(job, voice, text)
        sound = sound_of(chunks)
        job.check()
        sentence = SpokenSentence(chunks, self._clock)
        with self._changed:
            self._sentence = sentence
            self._changed.notify_all()
        try:
            self._checks.play(job, sound, PLAYBACK_RATE, sentence.follow)
        finally:
            with self._changed:
                sentence.is_over = True
                self._changed.notify_all()

    def close(self) -> None:
        """Stop, and wait until the thread has ended."""
        with self._changed:
            self._closed = True
            self._changed.notify_all()
        if self._thread is not None:
            self._thread.join()

    def _run(self) -> None:
        while (wanted := self._next()) is not None:
            try:
                face = self._avatars.open_face(wanted[0], PICTURE)
            except AvatarError:  # its tile says already what is wrong with it
                self._wait(partial(self._is_left, wanted), None)
                continue
            try:
                self._animate(face, wanted)
            finally:
                face.close()

    def _next(self) -> tuple[PreviewFace, Watch] | None:
        """Wait for a face to show; None at the end."""
        with self._changed:
            self._changed.wait_for(lambda: self._closed or self._wanted is not None)
            return None if self._closed else self._wanted

    def _animate(self, face: Face, wanted: tuple[PreviewFace, Watch]) -> None:
        frame = face.rest(FaceState.IDLE)
        while not self._is_left(wanted):
            wanted[1](frame.image)
            sentence = self._sentence
            if sentence is not None and not sentence.is_over:
                frame = self._perform(face, wanted, sentence, frame)
                continue
            following = face.rest(FaceState.IDLE, frame)
            pause = min(max(following.at - frame.at, 0.0), LONGEST_REST)
            frame = following
            self._wait(partial(self._is_interrupted, wanted), pause)

    def _perform(
        self,
        face: Face,
        wanted: tuple[PreviewFace, Watch],
        sentence: SpokenSentence,
        frame: VideoFrame,
    ) -> VideoFrame:
        """Move the lips by the sound; returns the last picture."""
        ended = partial(self._is_done, sentence, wanted)
        for frame in face.perform(iter(sentence.chunks), Turn(0), frame):  # noqa: B020 - goes on
            self._wait(ended, frame.at - sentence.heard)
            if ended():
                return frame
            wanted[1](frame.image)
        self._wait(ended, None)
        return frame

    def _is_left(self, wanted: tuple[PreviewFace, Watch]) -> bool:
        """Whether something else is to be shown, or nothing."""
        return self._wanted is not wanted or self._closed

    def _is_done(self, sentence: SpokenSentence, wanted: tuple[PreviewFace, Watch]) -> bool:
        return sentence.is_over or self._is_left(wanted)

    def _is_interrupted(self, wanted: tuple[PreviewFace, Watch]) -> bool:
        """Whether a face at rest has something to do."""
        sentence = self._sentence
        return self._is_left(wanted) or (sentence is not None and not sentence.is_over)

    def _wait(self, until: Callable[[], bool], seconds: float | None) -> None:
        """Wait until something holds, at most so many seconds."""
        if seconds is None or seconds > 0:
            with self._changed:
                self._changed.wait_for(until, seconds)
