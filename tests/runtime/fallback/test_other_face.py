"""A face names another one to use instead: it takes over before the built-in one, and the chosen
face comes back."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import pytest
from supervised_faces import (
    BROKEN,
    CHOSEN,
    FALLBACK,
    NO_ROOM,
    FaultyFaces,
    MarkedFace,
    SupervisedScene,
    always,
)

from avatar_app.core.errors import AvatarError, DeviceUnavailable, ModelMissing
from avatar_app.core.manifest import Kind, Manifest
from avatar_app.runtime.fallback.quality_ladder import Tier, build_levels
from avatar_app.runtime.registry import Registry
from avatar_app.storage.measurements import Used

OTHER = 3
NO_CARD = DeviceUnavailable("There is no card.", "Choose another face.")


class ThreeFaces(FaultyFaces):
    """The chosen face names another one, which needs weights that may be missing."""

    def __init__(self, *arguments: Any) -> None:
        super().__init__(*arguments)
        faces = self
        self.other_fails: AvatarError | None = None

        class Other(MarkedFace):
            who = OTHER

            def __init__(self, **options: Any) -> None:
                if faces.other_fails is not None:
                    raise faces.other_fails
                super().__init__(**options)

        self.classes["photo"] = Other

    def find(self, kind: Kind, name: str) -> Manifest:
        manifest = super().find(kind, name)
        return replace(manifest, instead=("photo",)) if name == "wav2lip" else manifest


def test_other_face_stands_between_lighter_options_and_the_built_in_one() -> None:
    manifest = Registry().find(Kind.FACE, "musetalk")
    assert manifest.instead == ("wav2lip",)
    levels = build_levels(manifest, {"width": 640}, has_fallback=True)
    assert [(level.tier, level.engine) for level in levels[-3:]] == [
        (Tier.CHOSEN, "wav2lip"),
        (Tier.BUILTIN, ""),
        (Tier.SOUND, ""),
    ]


@pytest.mark.parametrize(
    ("when", "error"),
    [("load", NO_ROOM), ("first", NO_ROOM), ("mid", NO_ROOM), ("load", NO_CARD)],
)
def test_other_face_takes_over_and_the_chosen_one_comes_back(when: str, error: AvatarError) -> None:
    faces = ThreeFaces(always(when, error))
    with SupervisedScene(faces) as stage:
        stage.engine_set.face_choice.options["model"] = "weights.onnx"
        for _ in range(5):
            stage.check_whole(stage.ask())
            stage.wait(0.5)
        assert stage.drawn_by()[-1] == OTHER
        other = stage.engine_set.engines[Kind.FACE]
        assert (other.options["width"], other.options["fps"]) == (640, 25.0)
        assert "batch" not in other.options
        assert stage.engine_set.manifests[Kind.FACE].name == "photo"
        assert stage.engine_set.used()[Kind.FACE] == Used("photo", "")
        assert [notice.message for notice in stage.notices] == [error.message]
        if when == "load":
            assert "Photo that moves takes over." in stage.notices[0].hint
        faces.fails = lambda _when, _options: None
        stage.wait_until(lambda: stage.supervisor.slots[Kind.FACE].ladder.is_at_top, 100)
        stage.moments.clear()
        stage.check_whole(stage.ask())
        assert stage.drawn_by()[-1] == CHOSEN
        assert stage.engine_set.manifests[Kind.FACE].name == "wav2lip"
        assert stage.engine_set.used()[Kind.FACE] == Used("wav2lip", "weights.onnx")


def test_built_in_face_is_left_where_the_other_one_cannot_be_loaded_either() -> None:
    faces = ThreeFaces(always("load", NO_CARD))
    faces.other_fails = ModelMissing("Its weights are missing.", "Fetch them.")
    with SupervisedScene(faces) as stage:
        stage.check_whole(stage.ask())
        assert stage.drawn_by()[-1] == FALLBACK
        assert [notice.message for notice in stage.notices] == [NO_CARD.message]
        assert "Illustrated portrait takes over" in stage.notices[0].hint


def test_other_face_that_breaks_leaves_the_built_in_one() -> None:
    faces = ThreeFaces(always("load", NO_CARD))
    with SupervisedScene(faces) as stage:
        stage.check_whole(stage.ask())
        other = stage.engine_set.engines[Kind.FACE]

        def broken(*_: Any) -> Any:
            raise BROKEN
            yield

        other.perform = broken
        stage.check_whole(stage.ask())
        assert FALLBACK in stage.drawn_by()
