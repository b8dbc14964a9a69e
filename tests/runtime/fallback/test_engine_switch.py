"""Engines are exchanged in mid-conversation: none is closed at work, none that fails gets in."""

from __future__ import annotations

import threading
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from fakes import Scene
from wav2lip_parts import write_avatar

from avatar_app.bench.scripted.engines import FlatVoice
from avatar_app.core.errors import OutOfMemory
from avatar_app.core.events import Event, Noticed, Outcome, TurnEnded
from avatar_app.core.manifest import Kind
from avatar_app.core.turn import Turn
from avatar_app.core.values import SpeechChunk
from avatar_app.pipeline import commands
from avatar_app.runtime.engine_set import EngineSet
from avatar_app.runtime.fallback.faces import put_face
from avatar_app.runtime.fallback.quality_ladder import QualityLadder, build_levels
from avatar_app.runtime.fallback.supervisor import EngineSupervisor
from avatar_app.runtime.kinds import BUILTIN
from avatar_app.runtime.registry import Registry
from avatar_app.settings.schema import EngineChoice

SOON = 20.0
SMALL = {"width": 96, "height": 64, "fps": 10}


class HeldVoice(FlatVoice):
    """Waits before its second word until it is let go on."""

    def __init__(self) -> None:
        self.reached, self.go_on = threading.Event(), threading.Event()
        self.closed = False

    def speak(self, text: str, turn: Turn) -> Iterator[SpeechChunk]:
        for index, chunk in enumerate(super().speak(text, turn)):
            if index == 1:
                self.reached.set()
                assert self.go_on.wait(SOON)
            assert not self.closed, "closed in the middle of its work"
            yield chunk


class Voices(EngineSet):
    """Each voice that is put into it is a fake."""

    fails = False

    def put(self, kind: Kind, choice: EngineChoice) -> Any:
        if self.fails:
            raise OutOfMemory("There is not enough memory for the voice.", "Choose a lighter one.")
        self.manifests[kind] = self.registry.find(kind, choice.engine)
        levels = build_levels(self.manifests[kind], choice.options, has_fallback=False)
        self.choices[kind], self.ladders[kind] = choice, QualityLadder(levels, self.clock)
        self.engines[kind] = FlatVoice()
        return self.engines[kind]


class Exchange(Scene):
    """A scene that speaks with a held voice, and may change its engines."""

    def __init__(self) -> None:
        super().__init__(pace=0.02)
        self.notices: list[Noticed] = []
        self.used = threading.Event()
        self.former = HeldVoice()
        self.engine_set = Voices(Registry(), {Kind.TTS: self.former})
        kokoro = self.engine_set.manifests[Kind.TTS] = self.engine_set.registry.find(
            Kind.TTS, "kokoro"
        )
        self.engine_set.choices[Kind.TTS] = EngineChoice(engine="kokoro")
        self.engine_set.ladders[Kind.TTS] = QualityLadder(
            build_levels(kokoro, {}, has_fallback=True), self.clock
        )
        self.conversation.send(commands.SwitchEngine(Kind.TTS, self.former))
        self.dialogue.reply_to = lambda _text: ["One two three. ", "Four five six."]
        self.supervisor = EngineSupervisor(self.engine_set, self.conversation, self._tell)

    def __exit__(self, *_: object) -> None:
        self.former.go_on.set()
        self.supervisor.close()
        super().__exit__()
        self.engine_set.close()

    def use(self) -> None:
        choice = EngineChoice(engine=BUILTIN[Kind.TTS])
        self.supervisor.use(Kind.TTS, choice, self.used.set)

    @property
    def voice(self) -> Any:
        """The one that speaks the next clause."""
        return self.conversation._responses.engines.voice

    def _tell(self, event: Event) -> None:
        assert isinstance(event, Noticed)
        self.notices.append(event)


def test_an_engine_is_closed_only_when_its_work_is_done() -> None:
    with Exchange() as scene:
        scene.send(commands.TextTyped("go"))
        scene.wait_until(scene.former.reached.is_set)
        scene.use()
        scene.wait_until(lambda: scene.voice is not scene.former)
        scene.wait(0.2)
        assert not scene.former.closed
        assert not scene.used.is_set()
        scene.former.go_on.set()
        scene.wait_until(lambda: bool(scene.of(TurnEnded)))
        (turn,) = scene.of(TurnEnded)
        assert turn.outcome is Outcome.FINISHED
        assert turn.heard_text == "One two three. Four five six."
        assert scene.used.wait(SOON)
        assert scene.former.closed
        assert scene.engine_set.engines[Kind.TTS] is scene.voice
        assert not scene.notices


def test_failing_engine_leaves_the_old_one_in_place() -> None:
    with Exchange() as scene:
        scene.engine_set.fails = True
        scene.use()
        scene.wait_until(lambda: bool(scene.notices))
        (notice,) = scene.notices
        assert notice.message == "There is not enough memory for the voice."
        assert notice.hint == "Choose a lighter one. Kokoro 82M stays."
        assert scene.engine_set.engines[Kind.TTS] is scene.voice is scene.former
        assert not scene.former.closed
        assert not scene.used.is_set()


def test_a_request_for_a_replaced_engine_is_dropped() -> None:
    with Exchange() as scene:
        scene.use()
        scene.supervisor.substitute(Kind.TTS)  # the one that fails is the held one, not the next
        assert scene.used.wait(SOON)
        assert scene.conversation.activity.settle(SOON)
        scene.supervisor.close()
        assert not scene.notices
        assert scene.former.closed


@pytest.fixture
def face(tmp_path: Path) -> Iterator[tuple[Scene, EngineSupervisor, list[Noticed]]]:
    """A drawn face on show, and what the user is told."""
    notices: list[Noticed] = []
    engine_set = EngineSet(Registry())
    put_face(
        engine_set, EngineChoice(engine=BUILTIN[Kind.FACE], options=dict(SMALL)), notices.append
    )
    with Scene(pace=SOON) as scene:
        scene.conversation.send(commands.SwitchEngine(Kind.FACE, engine_set.engines[Kind.FACE]))
        supervisor = EngineSupervisor(engine_set, scene.conversation, notices.append)  # type: ignore[arg-type]
        yield scene, supervisor, notices
        supervisor.close()
    engine_set.close()


def photo(tmp_path: Path) -> EngineChoice:
    options = {"avatar": str(write_avatar(tmp_path / "avatar")), "width": 160, "height": 90}
    return EngineChoice(engine="photo", options=options)


def test_another_face_is_shown_from_the_next_picture_on(
    face: tuple[Scene, EngineSupervisor, list[Noticed]], tmp_path: Path
) -> None:
    scene, supervisor, notices = face
    used = threading.Event()
    scene.dialogue.reply_to = lambda _text: ["one two three four five six seven eight nine ten"]
    scene.send(commands.TextTyped("go"))
    scene.wait(0.6)
    former = supervisor._engine_set.engines[Kind.FACE]
    supervisor.use(Kind.FACE, photo(tmp_path), used.set)
    scene.wait_until(lambda: bool(scene.of(TurnEnded)))
    assert used.wait(SOON)
    sizes = [moment.frame.image.shape[:2] for moment in scene.moments if moment.frame is not None]
    assert sizes[-1] == (90, 160)
    (turn,) = scene.of(TurnEnded)
    assert turn.heard_text == turn.avatar_text
    assert turn.pictures.chosen == turn.pictures.shown > 0
    assert supervisor._engine_set.engines[Kind.FACE] is not former
    assert supervisor._engine_set.face_choice.engine == "photo"
    assert not notices


def test_failing_face_leaves_the_old_one_visible(
    face: tuple[Scene, EngineSupervisor, list[Noticed]], tmp_path: Path
) -> None:
    scene, supervisor, notices = face
    former = supervisor._engine_set.engines[Kind.FACE]
    choice = photo(tmp_path)
    supervisor.use(Kind.FACE, EngineChoice(engine="wav2lip", options=choice.options), pytest.fail)
    scene.wait_until(lambda: bool(notices))
    (notice,) = notices
    assert notice.message == "No Wav2Lip checkpoint is chosen."
    assert notice.hint.endswith("Illustrated portrait stays.")
    assert supervisor._engine_set.engines[Kind.FACE] is former
    scene.wait(0.2)
    assert scene.moments[-1].frame.image.shape[:2] == (64, 96)  # type: ignore[union-attr]
