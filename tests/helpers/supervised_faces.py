"""A scene whose chosen face fails when a test says so, and its supervisor."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from typing import Any

import numpy as np
from fakes import Scene

from avatar_app.bench.scripted.engines import FlatFace
from avatar_app.core.errors import AvatarError, EngineFailed, OutOfMemory
from avatar_app.core.events import Event, Failed, Noticed, Outcome, TurnEnded
from avatar_app.core.manifest import Kind, Manifest
from avatar_app.core.turn import Turn
from avatar_app.core.values import FaceState, SpeechChunk, VideoFrame
from avatar_app.pipeline import commands
from avatar_app.runtime.engine_set import EngineSet
from avatar_app.runtime.fallback.faces import put_face
from avatar_app.runtime.fallback.supervisor import EngineSupervisor
from avatar_app.runtime.registry import Registry
from avatar_app.settings.schema import EngineChoice

CHOSEN, FALLBACK = 1, 2
TEXT = "one two three four five six seven eight nine ten"
FULL = {"batch": 8, "width": 640, "height": 360, "fps": 25.0}


class MarkedFace(FlatFace):
    """A corner of its pictures tells who draws."""

    who = FALLBACK

    def __init__(self, **options: Any) -> None:
        self.options = options
        self.fps = float(options.get("fps", 25.0))

    def configure(self, **options: Any) -> None:
        self.options |= options

    def perform(
        self, speech: Iterator[SpeechChunk], turn: Turn, after: VideoFrame | None = None
    ) -> Iterator[VideoFrame]:
        index = -1
        for chunk in speech:
            begin = chunk.audio.start / chunk.audio.rate
            index = max(index, round(begin * self.fps))
            while index / self.fps < begin + chunk.audio.seconds:
                turn.check()
                yield self.frame(turn.id, index)
                index += 1

    def rest(self, look: FaceState, after: VideoFrame | None = None) -> VideoFrame:
        return self.frame(0, 0)

    def frame(self, turn_id: int, index: int) -> VideoFrame:
        frame = super().frame(turn_id, index)
        frame.image[1, 1] = self.who
        return frame


Fails = Callable[[str, dict[str, Any]], AvatarError | None]


class FaultyFaces(Registry):
    """A registry of two faces; `fails` says when the chosen one does, given its options."""

    def __init__(self, fails: Fails, fallback_fails: Fails = lambda _when, _options: None) -> None:
        super().__init__()

        class Fallback(MarkedFace):
            def perform(self, *arguments: Any) -> Iterator[VideoFrame]:
                if error := fallback_fails("first", self.options):
                    raise error
                yield from super().perform(*arguments)

        class Chosen(MarkedFace):
            who = CHOSEN

            def __init__(self, **options: Any) -> None:
                if error := faces.fails("load", options):
                    raise error
                super().__init__(**options)

            def perform(self, *arguments: Any) -> Iterator[VideoFrame]:
                if error := faces.fails("first", self.options):
                    raise error
                for frame in super().perform(*arguments):
                    if frame.at > 0.8 and (error := faces.fails("mid", self.options)):
                        raise error
                    yield frame

            def rest(self, look: FaceState, after: VideoFrame | None = None) -> VideoFrame:
                if error := faces.fails("rest", self.options):
                    raise error
                return super().rest(look, after)

        faces = self
        self.fails = fails
        self.classes: dict[str, type[Any]] = {"wav2lip": Chosen, "illustrated": Fallback}

    def load_class(self, manifest: Manifest) -> type[Any]:
        return self.classes[manifest.name]


class SupervisedScene(Scene):
    """A scene with these faces and a supervisor."""

    def __init__(self, faces: FaultyFaces, **devices: Any) -> None:
        self.notices: list[Noticed] = []
        self.engine_set = EngineSet(faces, clock=lambda: self.clock())
        self.faces = faces
        choice = EngineChoice(engine="wav2lip", options=dict(FULL))
        put_face(self.engine_set, choice, self.notices.append)
        super().__init__(**devices)
        self.supervisor = EngineSupervisor(self.engine_set, self.conversation, self._tell)
        self.dialogue.reply_to = lambda text: [TEXT]
        post = self.conversation._avatar_turn._post
        heard = self._hearing(post)
        own = self.conversation
        for part in (own, own._avatar_turn, own._expression):
            part._post = heard  # type: ignore[attr-defined]
        order = commands.SwitchEngine(
            Kind.FACE, self.engine_set.engines[Kind.FACE], self.engine_set.fallback
        )
        self.conversation.send(order)

    clock: Any = staticmethod(lambda: 0.0)

    def _hearing(self, post: Callable[[Event], None]) -> Callable[[Event], None]:
        def hear(event: Event) -> None:
            if not self.supervisor.receive(event):
                post(event)

        return hear

    def _tell(self, event: Event) -> None:
        assert isinstance(event, Noticed)
        self.notices.append(event)

    def __exit__(self, *_: object) -> None:
        self.conversation.close()
        self.supervisor.close()
        self.engine_set.close()

    def ask(self) -> TurnEnded:
        """One whole turn."""
        count = len(self.of(TurnEnded))
        self.moments.clear()
        self.send(commands.TextTyped("go"))
        self.wait_until(lambda: len(self.of(TurnEnded)) > count)
        turn: TurnEnded = self.of(TurnEnded)[-1]
        return turn

    def drawn_by(self) -> list[int]:
        """Who drew the pictures on show, in order, each once; 0 is a dimmed one."""
        marks = [int(m.frame.image[1, 1, 0]) for m in self.moments if m.frame is not None]
        return [mark for i, mark in enumerate(marks) if i == 0 or mark != marks[i - 1]]

    def longest_gap(self) -> float:
        """Seconds of silence within what was heard."""
        loud = [bool(np.any(moment.played)) for moment in self.moments]
        first, last = loud.index(True), len(loud) - loud[::-1].index(True)
        silence = longest = 0
        for sounds in loud[first:last]:
            silence = 0 if sounds else silence + 1
            longest = max(longest, silence)
        return longest * 0.01

    def check_whole(self, turn: TurnEnded) -> None:
        assert turn.outcome is Outcome.FINISHED
        assert turn.heard_text == turn.avatar_text == TEXT
        assert self.longest_gap() == 0.0
        assert turn.marks["first_sound"] - turn.marks["end_of_turn"] < 0.3
        assert not self.of(Failed)
        assert self.conversation._avatar_turn.context._messages[-1].text == TEXT


def once(when: str, error: AvatarError) -> Fails:
    left = [error]
    return lambda moment, _options: left.pop() if moment == when and left else None


def always(when: str, error: AvatarError, heaviest: int = 99) -> Fails:
    """As long as more than `heaviest` pictures are computed at once, or always."""

    def fails(moment: str, options: dict[str, Any]) -> AvatarError | None:
        heavy = heaviest == 99 or options["batch"] > heaviest
        return error if moment == when and heavy else None

    return fails


NO_ROOM = OutOfMemory("There is not enough memory for it.", "Choose standard quality.")
BROKEN = EngineFailed("It broke.", "Choose another.")
