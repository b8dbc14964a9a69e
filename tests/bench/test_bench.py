"""A bench finds what is there: each of its measures fails on a conversation that is made worse."""

from __future__ import annotations

import json
from io import StringIO
from pathlib import Path

import numpy as np
import pytest
from rich.console import Console

from avatar_app.bench import BENCHES, alignment, av_sync, run_bench, show_table, soak
from avatar_app.bench.echoes import ECHO_DB, EchoPath
from avatar_app.bench.noises import NOISES, noise_number
from avatar_app.bench.result import BenchResult, Metric, Report, histogram, quantile
from avatar_app.bench.scripted.engines import level_of
from avatar_app.core.errors import ConfigInvalid
from avatar_app.core.values import AudioChunk, SpeechChunk, Word
from avatar_app.session.offline import simulated_user
from avatar_app.session.offline.devices import Tick
from avatar_app.settings.loading import load_settings
from avatar_app.settings.schema import Settings

RNG = np.random.default_rng(1)


@pytest.fixture
def settings(tmp_path: Path) -> Settings:
    return load_settings(tmp_path / "config.yaml")[0]


def test_an_unknown_bench_names_the_known_ones(settings: Settings) -> None:
    with pytest.raises(ConfigInvalid) as caught:
        run_bench("speed", settings, quick=True)
    assert all(name in caught.value.hint for name in BENCHES)


@pytest.mark.parametrize(
    ("metric", "ok", "target"),
    [
        (Metric(5.0, "ms", most=5), True, "≤ 5"),
        (Metric(5.1, "ms", most=5), False, "≤ 5"),
        (Metric(29.0, "Hz", least=30), False, "≥ 30"),
        (Metric(30.0, "Hz", least=30), True, "≥ 30"),
        (Metric(None, "ms", most=5), False, "≤ 5"),
        (Metric(float("nan"), "ms", most=5), False, "≤ 5"),
        (Metric(None, "ms"), True, None),
    ],
)
def test_a_metric_knows_whether_it_meets_its_target(
    metric: Metric, *, ok: bool, target: str | None
) -> None:
    assert (metric.ok, metric.target) == (ok, target)


def test_a_result_is_one_json_object_of_three_entries() -> None:
    report = Report()
    report.add_percentiles("wait", [10.0, 20.0, 30.0], "ms", p50=None, p95=20.0)
    result = BenchResult("latency", {"cores": 2}, report)
    document = json.loads(json.dumps(result.as_json()))
    assert set(document) == {"bench", "machine", "metrics"}
    assert document["metrics"]["wait_p95"] == {
        "value": 29.0,
        "unit": "ms",
        "target": "≤ 20",
        "ok": False,
    }
    assert not result.ok


def test_bench_without_measurements_is_not_ok() -> None:
    assert not BenchResult("latency", {}).ok
    assert quantile([], "p95") is None


def test_the_table_shows_figures_targets_and_their_spread() -> None:
    report = Report()
    report.add_percentiles("wait", list(range(100)), "ms", p95=50.0)
    out = StringIO()
    show_table(BenchResult("latency", {}, report), Console(file=out, width=100))
    assert "wait_p95" in out.getvalue()
    assert "✗" in out.getvalue()
    assert histogram("wait [ms]", [1.0, 1.0, 2.0]) in histogram("wait [ms]", [1.0, 1.0, 2.0])
    assert "█" in out.getvalue()


def test_missing_comparison_is_neither_met_nor_missed() -> None:
    report = Report()
    report.add("speed", 10.0, "Hz", least=5.0)
    report.add_compared("gain", None, "times", other="torch", least=4.0)
    report.add_compared("loss", 3.0, "times", other="torch", most=2.0)
    result = BenchResult("face", {}, report)
    assert not result.ok  # by what was compared
    del report.metrics["loss"]
    assert result.ok
    out = StringIO()
    show_table(result, Console(file=out, width=100))
    assert "✗" not in out.getvalue()
    assert out.getvalue().count("is not compared: torch is not installed.") == 1


def test_end_of_voice_is_found_in_a_noisy_recording() -> None:
    noise = RNG.standard_normal(32_000).astype(np.float32) * 0.002
    voice = np.zeros(32_000, np.float32)
    voice[8_000:20_000] = RNG.standard_normal(12_000) * 0.1
    voice[25_000:25_100] = 0.1  # a click is no voice
    assert simulated_user.voiced_span(voice + noise) == pytest.approx((0.5, 1.25), abs=0.011)


def test_pauses_are_found_between_voice() -> None:
    voice = RNG.standard_normal(48_000).astype(np.float32) * 0.1
    voice[16_000:22_400] = 0.0
    assert simulated_user.pauses_in(voice, 0.2) == [pytest.approx((1.0, 1.4), abs=0.011)]
    assert simulated_user.pauses_in(voice, 0.5) == []


def test_the_checkout_has_real_recordings() -> None:
    found = simulated_user.recordings()
    assert len(found) >= 4
    assert all(
        simulated_user.loud_level(each.samples) == pytest.approx(-26, abs=0.1) for each in found
    )


@pytest.mark.parametrize("delay", [0.06, 0.3])
def test_simulated_echo_has_its_delay_and_level(delay: float) -> None:
    path = EchoPath(delay)
    played = np.zeros(48_000, np.float32)
    played[4_800:9_600] = np.sin(np.arange(4_800) * 2 * np.pi * 500 / 48_000) * 0.5
    heard = np.concatenate([path(block) for block in played.reshape(-1, 480)])
    begins = np.nonzero(np.abs(heard) > 0.02)[0][0] / 16_000
    assert begins == pytest.approx(0.1 + delay, abs=0.003)
    direct = heard[round((0.1 + delay) * 16_000) + 20 : round((0.105 + delay) * 16_000)]
    assert np.abs(direct).max() == pytest.approx(0.5 * 10 ** (ECHO_DB / 20), rel=0.1)


def test_every_noise_is_short_and_audible() -> None:
    for name, make in NOISES.items():
        sound = make(np.random.default_rng(2))
        assert sound.dtype == np.float32, name
        assert 0.03 < len(sound) / 16_000 < 1.5, name
        assert 0.001 < np.abs(sound).max() < 1.0, name
    assert {noise_number(index, np.random.default_rng(2))[0] for index in range(12)} == set(NOISES)


def test_played_sound_is_located_at_any_gain() -> None:
    samples = RNG.standard_normal(48_000 * 3).astype(np.float32) * 0.1
    words = tuple(Word(str(n), n * 0.5, n * 0.5 + 0.4) for n in range(6))
    whole = alignment.join_speech([SpeechChunk(AudioChunk(samples, 48_000), "0 1 2 3 4 5", words)])
    piece = alignment.resample_playback(samples[48_000:72_000] * 0.3)
    at, alike = alignment.position_of(piece, whole.samples)
    assert at == pytest.approx(1.0, abs=0.001)
    assert alike > alignment.ALIKE
    assert alignment.words_until(whole, at + 0.5) == 3
    strange = alignment.resample_playback(RNG.standard_normal(24_000).astype(np.float32))
    assert alignment.position_of(strange, whole.samples)[1] < alignment.ALIKE


def test_a_stale_sample_is_counted() -> None:
    tally = soak._SoakCounts()
    moment = Tick(1.0, np.full(480, level_of(2), np.float32), None)
    tally._check(moment, {2: 0.5}, {})
    assert (tally.stale, tally.sounding) == (0, 480)
    tally._check(moment, {2: 0.5}, {2: 0.9})
    assert tally.stale == 480


def test_a_soak_of_a_few_turns_is_clean(
    settings: Settings, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(soak, "QUICK_TURNS", 12)
    metrics = run_bench("soak", settings, quick=True).report.metrics
    assert metrics["stale_samples"].value == 0
    assert metrics["turns"].value == 12
    assert metrics["interrupted_turns"].ok
    assert metrics["threads_gained"].ok


@pytest.mark.parametrize("late", [0.0, 0.12, -0.08])
def test_the_lag_of_a_film_is_measured(late: float) -> None:
    """A light in the place of the mouth that follows the loudness of a sound, `late` seconds."""
    fps, rate, seconds = 30.0, 8_000, 12
    rng = np.random.default_rng(5)
    bumps = np.concatenate([np.zeros(3), rng.random(seconds * 6)])
    at = np.arange(len(bumps)) / 6
    time = np.arange(seconds * rate) / rate
    sound = rng.standard_normal(len(time)) * np.interp(time, at, bumps) ** 2 * 0.3
    shown = np.arange(int(seconds * fps)) / fps
    light = np.interp(shown - late, at, bumps)
    pictures = np.zeros((len(shown), 90, 160), np.uint8)
    pictures[:, 60:70, 75:85] = (light * 200).astype(np.uint8)[:, None, None]
    lags = av_sync.lags_ms(av_sync._Film(pictures, fps, sound, rate))
    assert len(lags) > 5
    assert np.median(lags) == pytest.approx(late * 1000, abs=25)
