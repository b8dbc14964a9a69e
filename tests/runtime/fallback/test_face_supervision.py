"""A face fails at load, at its first picture, in mid-sentence, is late or hangs: the voice goes on,
the turn is whole, one notice tells, and the better face comes back."""

from __future__ import annotations

import threading
from collections.abc import Iterator
from dataclasses import replace
from typing import Any

import pytest
from supervised_faces import (
    BROKEN,
    CHOSEN,
    FALLBACK,
    FULL,
    NO_ROOM,
    FaultyFaces,
    SupervisedScene,
    always,
    once,
)
from wav2lip_parts import write_avatar

from avatar_app.core.errors import AvatarError, ModelMissing
from avatar_app.core.events import Noticed
from avatar_app.core.manifest import Kind
from avatar_app.core.values import FaceState, VideoFrame
from avatar_app.pipeline.output import face_stage
from avatar_app.runtime.engine_set import EngineSet
from avatar_app.runtime.fallback.faces import put_face
from avatar_app.runtime.registry import Registry
from avatar_app.settings.schema import EngineChoice


@pytest.mark.parametrize("when", ["first", "mid"])
@pytest.mark.parametrize("error", [NO_ROOM, BROKEN])
def test_fallback_face_continues_the_same_turn(when: str, error: AvatarError) -> None:
    with SupervisedScene(FaultyFaces(once(when, error))) as stage:
        stage.wait(0.1)
        stage.moments.clear()
        turn = stage.ask()
        stage.check_whole(turn)
        assert FALLBACK in stage.drawn_by()
        shown = [moment.frame.at for moment in stage.moments if moment.frame is not None]
        assert max(shown) > 1.8  # to the last word
        assert turn.pictures.shown >= 40
        assert turn.pictures.skew_p99_ms < 60
        stage.wait(2)
        assert [notice.message for notice in stage.notices] == [error.message]
        assert error.hint in stage.notices[0].hint
        assert "Illustrated portrait takes over" in stage.notices[0].hint


@pytest.mark.parametrize(("lightest", "batch", "fps"), [(2, 2, 25.0), (1, 1, 15.0)])
@pytest.mark.parametrize("when", ["first", "mid", "load"])
def test_out_of_memory_reaches_each_quality_level(
    when: str, lightest: int, batch: int, fps: float
) -> None:
    with SupervisedScene(FaultyFaces(always(when, NO_ROOM, lightest))) as stage:
        for _ in range(3):
            stage.check_whole(stage.ask())
            stage.wait(0.5)
        face = stage.engine_set.engines[Kind.FACE]
        assert face.options["batch"] == batch
        assert face.options["fps"] == fps
        assert stage.drawn_by()[-1] == CHOSEN
        stage.wait(2)
        assert len(stage.notices) == 1


@pytest.mark.parametrize("when", ["first", "mid", "rest", "load"])
def test_the_builtin_face_is_reached_and_the_chosen_one_comes_back(when: str) -> None:
    faces = FaultyFaces(always(when, NO_ROOM))
    with SupervisedScene(faces) as stage:
        for _ in range(4):
            stage.check_whole(stage.ask())
            stage.wait(0.5)
        assert stage.drawn_by()[-1] == FALLBACK
        assert len(stage.notices) == 1
        faces.fails = lambda _when, _options: None
        stage.wait_until(lambda: stage.supervisor.slots[Kind.FACE].ladder.is_at_top, 100)
        assert stage.engine_set.engines[Kind.FACE].options["batch"] == FULL["batch"]
        stage.moments.clear()
        stage.check_whole(stage.ask())
        assert stage.drawn_by()[-1] == CHOSEN
        stage.ask()
        assert len(stage.notices) == 2
        assert "works again, at full quality" in stage.notices[1].message


def test_a_checkpoint_that_is_missing_is_not_tried_lighter() -> None:
    missing = ModelMissing("There is no checkpoint.", "Fetch it.")
    loads = []

    def fails(when: str, options: dict[str, Any]) -> AvatarError | None:
        loads.append(options["batch"]) if when == "load" else None
        return missing

    with SupervisedScene(FaultyFaces(fails)) as stage:
        assert loads == [FULL["batch"]]
        stage.check_whole(stage.ask())
        assert [notice.message for notice in stage.notices] == [missing.message]


def test_speech_continues_with_a_dimmed_picture_without_any_face() -> None:
    broken = always("first", BROKEN)
    with SupervisedScene(FaultyFaces(once("mid", BROKEN), broken)) as stage:
        stage.wait(0.1)
        turn = stage.ask()
        stage.check_whole(turn)
        stage.wait(2)
        assert stage.drawn_by()[-1] == 0
        (notice,) = stage.notices
        assert "The voice works without it." in notice.hint
        stage.check_whole(stage.ask())


def test_unexpected_error_in_a_face_activates_the_fallback(expected_warnings: list[str]) -> None:
    expected_warnings.append("perform failed")

    faces = FaultyFaces(lambda _when, _options: None)
    with SupervisedScene(faces) as stage:
        faces.classes["wav2lip"].perform = lambda *_: iter([1 // 0])  # type: ignore[attr-defined]
        stage.check_whole(stage.ask())
        assert FALLBACK in stage.drawn_by()


class Stuck:
    """Holds a face up until it is released."""

    def __init__(self, faces: FaultyFaces, method: str) -> None:
        self.release = threading.Event()
        original = getattr(faces.classes["wav2lip"], method)

        def stuck(*arguments: Any) -> Any:
            if method == "rest":
                self.release.wait(60)
                return original(*arguments)
            return self._held(original(*arguments))

        setattr(faces.classes["wav2lip"], method, stuck)

    def _held(self, frames: Iterator[VideoFrame]) -> Iterator[VideoFrame]:
        for frame in frames:
            if frame.at > 0.5:
                self.release.wait(60)
            yield replace(frame)


def test_face_hanging_in_mid_sentence_activates_the_fallback() -> None:
    faces = FaultyFaces(lambda _when, _options: None)
    stuck = Stuck(faces, "perform")
    with SupervisedScene(faces, pace=0.01) as stage:
        turn = stage.ask()
        stage.check_whole(turn)
        assert stage.drawn_by()[-1] == FALLBACK
        at = [m.frame.at for m in stage.moments if m.frame and m.frame.image[1, 1, 0] == FALLBACK]
        assert 0.5 < min(each for each in at if each) < max(at)
        stage.wait(1.5)
        (notice,) = stage.notices
        assert "too slow" in notice.message
        assert "standard quality" in notice.hint
        stuck.release.set()


def test_face_hanging_at_rest_activates_the_fallback(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(face_stage, "HUNG_FOR", 0.3)
    faces = FaultyFaces(lambda _when, _options: None)
    stuck = Stuck(faces, "rest")
    with SupervisedScene(faces, pace=0.01) as stage:
        stage.wait(0.6)
        assert stage.drawn_by()[-1] == FALLBACK
        stage.wait(1.2)
        assert len(stage.notices) == 1
        stage.check_whole(stage.ask())
        stuck.release.set()


@pytest.mark.parametrize("model", ["missing", "damaged"])
def test_without_its_checkpoint_a_photo_avatar_keeps_its_photo(tmp_path: Any, model: str) -> None:
    nobody = write_avatar(tmp_path / "avatar")
    path = tmp_path / "wav2lip.pth"
    if model == "damaged":
        path.write_bytes(b"PK\x03\x04 and no more")
    options = {"avatar": str(nobody), "model": str(path), "width": 192, "height": 108}
    notices: list[Noticed] = []
    engine_set = EngineSet(Registry())
    put_face(engine_set, EngineChoice(engine="wav2lip", options=options), notices.append)
    assert engine_set.manifests[Kind.FACE].name == "photo"
    assert engine_set.engines[Kind.FACE] is engine_set.fallback
    frame = engine_set.fallback.rest(FaceState.IDLE)
    assert frame.image.shape == (108, 192, 3)
    (hint,) = [notice.hint for notice in notices if "takes over" in notice.hint]
    assert hint.endswith("Photo that moves takes over.")
    engine_set.close()
