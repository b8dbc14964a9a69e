"""Times of turns are kept, shown by stage and engine, and an engine that is late is told once."""

from __future__ import annotations

import json
from collections.abc import Iterator
from contextlib import closing
from datetime import UTC, datetime

import pytest
from typer.testing import CliRunner

from avatar_app.cli.main import app
from avatar_app.core.errors import DeviceUnavailable, EngineDied
from avatar_app.core.events import Failed, Noticed, Outcome, TurnEnded
from avatar_app.core.manifest import Kind
from avatar_app.performance.latency import LatencyRecorder, store_turns
from avatar_app.performance.monitor import ENOUGH
from avatar_app.performance.targets import check_targets
from avatar_app.runtime.memory.estimate import choice_key
from avatar_app.runtime.registry import Registry
from avatar_app.settings.schema import HistorySettings
from avatar_app.storage.measurements import FILE, EngineProfile, Measurements, Used
from avatar_app.system.paths import app_paths

WHISPER = Registry().find(Kind.ASR, "whisper")
LLAMA = Registry().find(Kind.DIALOGUE, "llama")
USED = {Kind.ASR: Used("whisper", "whisper-small"), Kind.DIALOGUE: Used("llama", "llama-3.2-3b")}

FOR_EVER = HistorySettings(keep=True, days=0)


def a_turn(number: int, first_token: float = 0.3) -> TurnEnded:
    marks = {"user_stopped": 1.0, "end_of_turn": 1.4, "text": 1.5, "first_sound": 3.0}
    marks["first_token"] = 1.5 + first_token
    return TurnEnded(number, Outcome.FINISHED, "a", "b", "c", marks=marks)


class Case:
    def __init__(self, *, keep: bool = True) -> None:
        self.notices: list[Noticed] = []
        history = HistorySettings(keep=keep, days=365)
        self.keeper = LatencyRecorder(app_paths(), history, self.notices.append)
        self.keeper.watch({Kind.ASR: WHISPER, Kind.DIALOGUE: LLAMA}, lambda: USED)


@pytest.fixture
def stored() -> Iterator[Measurements]:
    with closing(Measurements.of(app_paths())) as measurements:
        yield measurements


def test_stage_times_are_stored_by_stage_and_engine(stored: Measurements) -> None:
    case = Case()
    for number in range(3):
        case.keeper(a_turn(number))
    case.keeper.close()
    spans = {times.span.name: times for times in stored.stages()}
    assert spans["text"].p50_ms == pytest.approx(500)
    assert spans["first sound"].p95_ms == pytest.approx(2000)
    (engine,) = (each for each in stored.engines() if each.engine == "llama")
    assert (engine.model, engine.times.count) == ("llama-3.2-3b", 3)
    assert engine.times.p50_ms == pytest.approx(300)
    assert case.notices == []


def test_without_history_times_are_measured_but_not_stored() -> None:
    case = Case(keep=False)
    for number in range(ENOUGH):
        case.keeper(a_turn(number, first_token=9.0))
    case.keeper.close()
    assert not (app_paths().data / FILE).exists()
    assert len(case.notices) == 1


def test_slow_engine_is_reported_once_with_a_smaller_model() -> None:
    case = Case()
    for number in range(ENOUGH + 4):
        case.keeper(a_turn(number, first_token=9.0 + number))
    case.keeper.close()
    (notice,) = case.notices
    assert notice.message.startswith(f"{LLAMA.title} takes 11000 ms to its first output")
    assert notice.hint == "Choose smollm2-1.7b."


def test_forgetting_deletes_the_times_and_keeps_what_engines_weigh(stored: Measurements) -> None:
    stored.keep_trial(Kind.ASR, "whisper", choice_key(WHISPER.defaults()), EngineProfile(200))
    case = Case()
    case.keeper(a_turn(1))
    case.keeper.close()
    assert stored.stages()
    case = Case()
    case.keeper.forget()
    case.keeper.close()
    assert stored.stages() == ()
    assert stored.trials(Kind.ASR, "whisper")


def test_unusable_measurements_file_is_reported() -> None:
    (app_paths().data / FILE).mkdir(parents=True)
    case = Case()
    case.keeper(a_turn(1))
    case.keeper.forget()
    case.keeper.close()
    (notice,) = case.notices
    assert notice.hint.endswith("Until then no times of turns are kept.")
    store_turns(app_paths(), FOR_EVER, [a_turn(2)], USED)


@pytest.mark.parametrize("days", [800_000, 3_000_000_000])
def test_absurdly_many_days_mean_all(days: int) -> None:
    store_turns(app_paths(), FOR_EVER, [a_turn(1)], USED)
    result = CliRunner().invoke(app, ["stats", "--json", "--days", str(days)])
    assert json.loads(result.output)["stages"]
    with closing(Measurements.of(app_paths())) as measurements:
        measurements.prune(days)
        assert measurements.stages()


def test_clock_that_is_ahead_deletes_no_measurements(stored: Measurements) -> None:
    stored.add_failure("think", "llama", "EngineDied", datetime(2020, 3, 1, 12, tzinfo=UTC))
    store_turns(app_paths(), HistorySettings(keep=True, days=365), [], {})
    assert stored.failures()


def test_stats_shows_stages_engines_and_missed_targets() -> None:
    empty = CliRunner().invoke(app, ["stats"])
    assert "Nothing was measured yet" in empty.output
    turns = [a_turn(number, first_token=4.0) for number in range(ENOUGH)]
    store_turns(app_paths(), FOR_EVER, turns, USED)
    statistics = json.loads(CliRunner().invoke(app, ["stats", "--json"]).output)
    assert {each["span"] for each in statistics["stages"]} >= {"text", "first token", "first sound"}
    (late,) = statistics["warnings"]
    assert late.startswith(f"{LLAMA.title} takes 4000 ms")
    assert late.endswith("Choose smollm2-1.7b.")
    shown = CliRunner().invoke(app, ["stats"]).output
    assert "llama llama-3.2-3b" in shown
    assert "Choose smollm2-1.7b." in shown
    CliRunner().invoke(app, ["stats", "--forget"])
    assert "Nothing was measured yet" in CliRunner().invoke(app, ["stats"]).output


def test_stats_tell_the_target_of_the_first_sound_and_failures() -> None:
    case = Case()
    for number in range(ENOUGH):
        case.keeper(a_turn(number))
    case.keeper(Failed(1, "think", "It is gone.", "", EngineDied))
    case.keeper(Failed(2, "think", "It is gone.", "", EngineDied))
    case.keeper(Failed(None, "start", "No sound.", "", DeviceUnavailable))
    case.keeper.close()
    found = json.loads(CliRunner().invoke(app, ["stats", "--json"]).output)
    target = found["target"]
    assert (target["target_ms"], target["is_met"]) == (900, False)
    assert target["first_sound_ms"] == pytest.approx(2000)
    assert target["longest"] == "end of turn"
    assert target["breakdown_ms"] == pytest.approx({"end of turn": 400, "first token": 300})
    failures = [(each["stage"], each["engine"], each["count"]) for each in found["failures"]]
    assert failures == [("think", "llama", 2), ("start", "", 1)]
    assert found["failures"][0]["error"] == "EngineDied"
    shown = " ".join(CliRunner().invoke(app, ["stats"]).output.split())
    assert "An answer begins 2.00 s after your speech instead of 900 ms" in shown
    assert "think llama EngineDied 2" in shown
    CliRunner().invoke(app, ["stats", "--forget"])
    assert "Nothing was measured yet" in CliRunner().invoke(app, ["stats"]).output


def test_a_card_sets_the_target_of_300_ms(stored: Measurements) -> None:
    case = Case()
    for number in range(ENOUGH):
        case.keeper(a_turn(number))
    case.keeper.close()
    check = check_targets(stored.stages(), has_card=True)
    assert check is not None
    assert check.target_ms == 300
    assert check_targets([], has_card=True) is None
