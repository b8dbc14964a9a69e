"""Where the time of a turn went, next to the turns before it, and the one suggestion."""

from __future__ import annotations

from contextlib import closing
from dataclasses import replace
from datetime import UTC, datetime

import pytest
from sample_turns import MARKS

from avatar_app.core.events import Outcome, TurnEnded
from avatar_app.core.values import Pictures
from avatar_app.models.catalog import user_catalog
from avatar_app.models.store import Store, StoredFile
from avatar_app.performance.advice import Advice, Adviser
from avatar_app.performance.turn_report import TurnReport, WaitStage, turn_report, usual_report
from avatar_app.runtime.registry import Registry
from avatar_app.settings.loading import load_settings
from avatar_app.storage.measurements import Measurements
from avatar_app.storage.stage_times import StageTimes, times_of
from avatar_app.system.paths import app_paths

REGISTRY = Registry()


def a_turn(pictures: Pictures | None = None, **marks: float) -> TurnEnded:
    shown = pictures or Pictures(shown=100)
    return TurnEnded(1, Outcome.FINISHED, "Hi", "Ho", "Ho", MARKS | marks, pictures=shown)


def bounds(report: TurnReport) -> dict[WaitStage, tuple[int, int]]:
    return {bar.stage: (round(bar.start_ms), round(bar.end_ms)) for bar in report.bars}


def test_every_stage_has_its_place_in_the_turn() -> None:
    report = turn_report(a_turn(), ())
    assert bounds(report) == {
        WaitStage.END_OF_TURN: (0, 600),
        WaitStage.RECOGNITION: (0, 400),
        WaitStage.FIRST_TOKEN: (400, 700),
        WaitStage.VOICE: (900, 1200),
        WaitStage.FACE: (1200, 1300),
        WaitStage.DEVICE: (1200, 1250),
    }
    assert report.first_sound_ms == pytest.approx(1250)
    assert report.by_duration[0].stage is WaitStage.END_OF_TURN


def test_a_prepared_answer_only_waits_for_the_end_of_turn() -> None:
    early = a_turn(first_token=10.45, first_clause=10.46, first_speech=10.5)
    found = bounds(turn_report(early, ()))
    assert found[WaitStage.DEVICE] == (600, 1250)
    assert found[WaitStage.FACE] == (600, 1300)


def test_a_typed_turn_begins_with_its_text() -> None:
    marks = {name: at for name, at in MARKS.items() if name not in ("user_stopped", "text")}
    report = turn_report(replace(a_turn(), marks=marks, typed=True), ())
    assert bounds(report)[WaitStage.FIRST_TOKEN] == (0, 100)
    assert WaitStage.RECOGNITION not in bounds(report)
    assert report.first_sound_ms == pytest.approx(650)


def test_a_turn_without_marks_has_no_stages() -> None:
    assert turn_report(replace(a_turn(), marks={}), ()).bars == ()


def stored(*turns: TurnEnded) -> tuple[StageTimes, ...]:
    with closing(Measurements.of(app_paths())) as measurements:
        for turn in turns:
            measurements.add_times(times_of(turn), {}, datetime.now(UTC))
        return measurements.stages()


def test_report_includes_stored_turns() -> None:
    history = stored(*(a_turn(first_token=10.5 + 0.1 * n) for n in range(5)))
    report = turn_report(a_turn(), history)
    first_token = next(bar for bar in report.bars if bar.stage is WaitStage.FIRST_TOKEN)
    assert first_token.usual is not None
    assert first_token.usual.count == 5
    assert first_token.usual.p50_ms == pytest.approx(300)
    assert report.usual_first_sound is not None
    assert all(bar.usual for bar in report.bars)
    typical = usual_report(history)
    assert [bar.ms for bar in typical.bars] == [0.0] * 6
    assert typical.bars[2].start_ms == pytest.approx(1000)


def advised(turn: TurnEnded, **settings: object) -> Advice | None:
    chosen, _ = load_settings(overrides=settings)
    store = Store.of(app_paths())
    adviser = Adviser(chosen, REGISTRY, store, user_catalog(store.root))
    return adviser.advise(turn_report(turn, ()))


def test_a_quick_turn_needs_no_advice() -> None:
    assert advised(a_turn(first_sound=10.85)) is None


def test_a_late_end_of_turn_is_made_earlier() -> None:
    advice = advised(a_turn())
    assert advice is not None
    assert advice.stage is WaitStage.END_OF_TURN
    assert advice.settings == {"turn_detection.min_endpointing_delay": 0.43}
    again = advised(a_turn(), **{"turn_detection.min_endpointing_delay": 0.35})
    assert again is not None
    assert again.stage is not WaitStage.END_OF_TURN


def have(*models: str) -> None:
    store = Store.of(app_paths())
    catalog = user_catalog(store.root)
    for id in models:
        model = catalog.find(id)
        files = {file.name: StoredFile(1, "") for file in model.files}
        for name in files:
            path = store.folder(model) / name
            path.parent.mkdir(parents=True, exist_ok=True)
            path.write_bytes(b"1")
        store.record_files(model, files, "here")


LLAMA = {"dialogue.engine": "llama", "dialogue.options.model": "llama-3.2-1b"}
SLOW = {"first_token": 12.7, "first_clause": 12.9, "first_speech": 13.2, "first_sound": 13.3}


def test_slow_model_suggests_an_installed_smaller_one() -> None:
    have("llama-3.2-1b", "smollm2-135m", "smollm2-360m")
    advice = advised(a_turn(**SLOW), **LLAMA)
    assert advice is not None
    assert advice.settings == {"dialogue.options.model": "smollm2-360m"}
    assert "SmolLM2 360M" in advice.sentence


def test_without_a_smaller_model_the_built_in_engine_is_suggested() -> None:
    have("llama-3.2-1b")
    advice = advised(a_turn(**SLOW), **LLAMA)
    assert advice is not None
    assert advice.settings == {"dialogue.engine": "builtin"}
    assert "quicker, but simpler" in advice.sentence


def test_dropped_pictures_ask_for_a_smaller_face_first() -> None:
    dropping = a_turn(Pictures(shown=80, dropped=20), first_sound=10.7)
    advice = advised(dropping)
    assert advice is not None
    assert advice.settings == {"face.options.width": 960, "face.options.height": 540}
    small = {"face.options.width": 640, "face.options.height": 360}
    assert advised(dropping, **small) is None


def test_a_stage_that_no_setting_shortens_gets_no_suggestion() -> None:
    settings = {"turn_detection.min_endpointing_delay": 0.35, "face.options.width": 640}
    advice = advised(a_turn(), **settings)
    assert advice is not None
    assert (advice.settings, advice.sentence) == ({}, "Close other programs that compute.")
