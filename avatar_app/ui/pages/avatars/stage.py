"""What moves on the page and speaks: one face at a time."""

from __future__ import annotations

from collections.abc import Callable
from functools import partial
from typing import Any

from PySide6.QtCore import QObject, Signal

from avatar_app.core.errors import AvatarError
from avatar_app.core.events import Event, State, StateChanged
from avatar_app.core.jobs import Job
from avatar_app.core.values import Image
from avatar_app.session.avatar_gallery import PreviewFace
from avatar_app.session.avatar_preview import AvatarPreview
from avatar_app.session.voice_gallery import InstalledVoice
from avatar_app.ui.pages.page import PageContext
from avatar_app.ui.pages.running_job import RunningJob


class AvatarStage(QObject):
    """Draws and speaks in threads of its own; a slow window misses pictures and gets no queue."""

    speaking = Signal(bool)
    problem = Signal(object)
    """An AvatarError."""

    def __init__(self, context: PageContext, parent: QObject) -> None:
        super().__init__(parent)
        session = context.session
        self._session, self._post, self._voices = session, context.post, session.voices
        self._preview = AvatarPreview(session.avatars, session.voices, session.checks)
        self._saying = RunningJob(context.post, self._failed)
        self._show: Callable[[Image], None] | None = None
        self._newest: Image | None = None
        self.conversation_rests = True
        """Nobody speaks or is listened to, as far as is known."""
        self._unsubscribe: Callable[[], None] = lambda: None

    @property
    def is_speaking(self) -> bool:
        return self._saying.busy

    def enter(self) -> None:
        """Follow what the conversation does."""
        self._unsubscribe = self._session.subscribe(self._note)

    def leave(self) -> None:
        """Rest, and give everything back."""
        self._unsubscribe()
        self._unsubscribe = lambda: None
        self.silence()
        self.stop()
        self._saying.run(self._voices.rest)

    def close(self) -> None:
        self._unsubscribe()
        self._saying.close()
        self._preview.close()

    def show(self, face: PreviewFace, show: Callable[[Image], None]) -> None:
        """Let one face move; `show` gets its pictures."""
        self._show = show
        self._preview.show(face, partial(self._take, show))

    def stop(self) -> None:
        """Nothing moves."""
        self._show = None
        self._preview.stop()

    def say(self, text: str, voice: InstalledVoice | None) -> None:
        """Let the face on show say something, in place of what it says."""
        self._saying.start(
            Job("Speaking", lambda job: self._speak(job, voice, text)), lambda _: self._ended()
        )
        self.speaking.emit(True)  # noqa: FBT003 - Qt's

    def silence(self) -> None:
        if self._saying.busy:
            self._saying.cancel()
            self._ended()

    def _speak(self, job: Job[Any], voice: InstalledVoice | None, text: str) -> None:
        self._preview.say(job, voice, text)

    def _ended(self) -> None:
        self.speaking.emit(False)  # noqa: FBT003 - Qt's

    def _failed(self, error: AvatarError) -> None:
        self._ended()
        self.problem.emit(error)

    def _take(self, show: Callable[[Image], None], image: Image) -> None:
        """Called from the preview's thread: only the newest picture waits."""
        idle, self._newest = self._newest is None, image
        if idle:
            self._post(partial(self._deliver, show))

    def _deliver(self, show: Callable[[Image], None]) -> None:
        image, self._newest = self._newest, None
        if image is not None and show is self._show:
            show(image)

    def _note(self, event: Event) -> None:
        if isinstance(event, StateChanged):
            self.conversation_rests = event.state is State.IDLE
