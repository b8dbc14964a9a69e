"""The face at the end of a wire: pictures go out as they change, each with its place in the
speech."""

from __future__ import annotations

import threading
from collections.abc import Callable
from dataclasses import dataclass

from avatar_app.core.manifest import Kind
from avatar_app.core.values import PLAYBACK_RATE, Image, VideoFrame
from avatar_app.pipeline.conversation import Conversation
from avatar_app.runtime.engine_set import EngineSet
from avatar_app.runtime.fallback.faces import put_face
from avatar_app.settings.schema import EngineChoice

FPS = 25.0
"""Pictures per second that clients are sent at most."""
_FPS_OPTION = "fps"


@dataclass(frozen=True, slots=True, eq=False)
class SentPicture:
    """A picture of the face on its way to the client."""

    turn_id: int
    """0: of the face at rest, which belongs to no speech."""
    start: int
    """Index of the sample in the turn's speech, at 48 kHz, with which it is shown."""
    image: Image
    """uint8, shape (height, width, 3), RGB."""


class PicturePump:
    """Looks for a new picture FPS times a second, in a thread of its own, and sends it."""

    def __init__(self, conversation: Conversation, send: Callable[[SentPicture], None]) -> None:
        self._conversation, self._send = conversation, send
        self._ended, self._watched = threading.Event(), threading.Event()
        self._watched.set()
        self._thread = threading.Thread(target=self._run, name="pictures", daemon=True)

    def start(self) -> None:
        self._thread.start()

    def close(self) -> None:
        self._ended.set()
        self._watched.set()
        if self._thread.ident is not None:
            self._thread.join()

    def watch(self, *, watched: bool) -> None:
        """Send nothing while nobody looks."""
        if watched:
            self._watched.set()
        else:
            self._watched.clear()

    def _run(self) -> None:
        shown: VideoFrame | None = None
        while not self._ended.wait(1 / FPS):
            self._watched.wait()
            frame = self._conversation.frame()
            if frame is None or frame is shown:
                continue
            shown = frame
            turn = self._conversation.playback.now().turn
            at = 0.0 if turn is None else frame.at
            place = (0 if turn is None else turn.id, round(at * PLAYBACK_RATE))
            self._send(SentPicture(*place, frame.image))


def put_served_face(engine_set: EngineSet, choice: EngineChoice) -> None:
    """Load the face that the settings choose, at the pace at which pictures are sent; a lighter one
    where that fails, with a notice."""
    manifest = engine_set.registry.find(Kind.FACE, choice.engine)
    if any(option.name == _FPS_OPTION for option in manifest.options):
        slower = min(FPS, float(choice.options.get(_FPS_OPTION, FPS)))
        options = dict(choice.options) | {_FPS_OPTION: slower}
        choice = choice.model_copy(update={"options": options})
    put_face(engine_set, choice, engine_set.notice)
