"""`bench real` beside other programs and for minutes: on the built-in engines, what it counts."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import psutil
import pytest

from avatar_app.bench import growth, process_family, real_growth, real_load, run_bench
from avatar_app.bench.busy import busy_processes
from avatar_app.bench.process_family import read_family
from avatar_app.bench.real import with_starter_set
from avatar_app.bench.real_growth import measure_growth
from avatar_app.bench.real_load import measure_beside_load
from avatar_app.bench.result import Report
from avatar_app.core.errors import ConfigInvalid, ModelMissing
from avatar_app.session.offline.simulated_user import Saying, UserVoice
from avatar_app.settings.loading import load_settings
from avatar_app.system.paths import paths_under


@pytest.fixture(scope="module")
def saying() -> Iterator[Saying]:
    with UserVoice() as voice:
        yield voice.say("What time is it?")


def children() -> int:
    return len(psutil.Process().children())


def test_load_processes_are_busy_and_end() -> None:
    before = {*psutil.Process().children()}
    with busy_processes(2):
        made = {*psutil.Process().children()} - before
        assert len(made) == 2
        while not all(sum(each.cpu_times()[:2]) > 0.05 for each in made):
            assert all(each.is_running() for each in made)
    assert {*psutil.Process().children()} == before


def test_sayings_are_measured_idle_and_under_load(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    before, loaded = children(), list[int]()
    answers = iter(
        [
            [{"text": 300.0, "first_sound": 700.0}] * 3,
            [{}, {"first_sound": 1400.0}, {"text": 900.0, "first_sound": 2100.0}],
        ]
    )

    def ask_all(*_: object, **__: object) -> list[dict[str, float]]:
        loaded.append(children() - before)
        return next(answers)

    monkeypatch.setattr(real_load, "ask_all", ask_all)
    report = Report()
    measure_beside_load(report, load_settings()[0], paths_under(tmp_path), 2, quick=True)
    figures = {name: metric.value for name, metric in report.metrics.items()}
    assert loaded == [0, 2]
    assert figures["answered_beside"] == pytest.approx(100 * 2 / 3)
    assert not report.metrics["answered_beside"].ok
    assert figures["first_sound_alone_p50"] == 700
    assert figures["first_sound_beside_p50"] == 1750
    assert figures["text_beside_p95"] == 900
    assert figures["first_sound_beside_to_alone"] == 2.5


def test_a_conversation_of_some_seconds_keeps_its_threads_and_files(
    saying: Saying, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(real_growth, "_sayings", lambda *, quick: [saying])
    monkeypatch.setattr(real_growth, "LISTENED", (0.1, 0.5))
    report = Report()
    settings, paths = load_settings()[0], paths_under(tmp_path)
    measure_growth(report, settings, paths, minutes=0.4, quick=True)
    for name in ("conversation", "threads_gained", "files_gained"):
        assert report.metrics[name].ok, (name, report.metrics[name])
    assert report.metrics["answered"].value
    assert len(report.series["memory [MB]"]) >= 2


def test_memory_growth_is_detected_but_not_for_a_long_sentence() -> None:
    minutes = [index / 4 for index in range(40)]
    calm = [900.0 + 30 * (index % 7 == 0) for index in range(40)]
    assert abs(growth._slope(minutes, calm)) < 0.1
    growing = [mb + 2 * at for mb, at in zip(calm, minutes, strict=True)]
    assert growth._slope(minutes, growing) == pytest.approx(2, abs=0.2)


def test_process_family_includes_children() -> None:
    alone = read_family()
    with busy_processes(1):
        both = read_family()
    assert both.memory_mb > alone.memory_mb - 1
    assert both.threads >= alone.threads + 1
    assert both.files >= alone.files
    assert process_family._read(psutil.Process()) is not None


def test_real_models_are_needed_and_only_real_takes_a_load(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    monkeypatch.setenv("AVATAR_DATA_DIR", str(tmp_path))
    with pytest.raises(ModelMissing, match="is not installed"):
        run_bench("real", load_settings()[0], quick=True)
    with pytest.raises(ConfigInvalid, match="has no option --load"):
        run_bench("soak", load_settings()[0], quick=True, load=4)


def test_engines_that_setup_chose_are_kept(tmp_path: Path) -> None:
    chosen = {"asr": "whisper", "tts": "piper", "dialogue": "llama", "turn": "smart_turn"}
    settings, _ = load_settings(overrides={f"{kind}.engine": name for kind, name in chosen.items()})
    paths = paths_under(tmp_path)
    assert with_starter_set(settings, paths) == settings
    some, _ = load_settings(overrides={"asr.engine": "whisper", "turn.engine": "smart_turn"})
    with pytest.raises(ModelMissing, match=r"Kokoro .* is not installed"):
        with_starter_set(some, paths)
