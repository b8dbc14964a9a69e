"""The soak of the window: its readings become figures with targets; its user can be heard."""

from __future__ import annotations

import json
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import numpy as np
import pytest

from avatar_app.bench import run_bench, window_soak
from avatar_app.bench.window.soak_probe import SpeakingMicrophone
from avatar_app.core.values import MICROPHONE_BLOCK, AudioChunk
from avatar_app.settings.loading import load_settings


def used(memory: list[float], **changed: Any) -> dict[str, Any]:
    """What the probe prints, a round a minute."""
    return {
        "minutes": [index + 1.0 for index in range(len(memory))],
        "read": [[each, 20, 40] for each in memory],
        "failed": [],
        "turns": 2 * len(memory),
        "spoken": len(memory),
        "interrupted": len(memory),
        "rest": [0.1, 0.1, 0.9],
        "hidden": [0.01],
        "speaking": [0.5],
    } | changed


@pytest.mark.parametrize(
    ("measured", "missed"),
    [
        (used([300.0] * 20), set()),
        (used([300.0 + index for index in range(20)]), {"memory_growth"}),
        (used([300.0] * 20, failed=["The voice failed."]), {"failures"}),
        (used([300.0] * 20, turns=1), {"turns"}),
        (used([300.0] * 20, spoken=1), {"spoken_turns"}),
        (used([300.0] * 20, hidden=[0.3]), {"hidden"}),
        (used([300.0] * 19), {"minutes"}),
    ],
)
def test_each_figure_has_its_target(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path, measured: dict[str, Any], missed: set[str]
) -> None:
    monkeypatch.setattr(window_soak, "run_probe", lambda *_, **__: json.dumps(measured))
    settings = load_settings(tmp_path / "config.yaml")[0]
    metrics = run_bench("soak", settings, quick=True, minutes=20.0).report.metrics
    assert {name for name, metric in metrics.items() if not metric.ok} == missed
    assert metrics["rest"].value == pytest.approx(0.1)  # one disturbed round changes nothing


def test_soak_counts_each_heard_sentence_once_and_in_order() -> None:
    heard: list[AudioChunk] = []
    devices: Any = SimpleNamespace(
        hear=lambda chunk, _at: heard.append(chunk), quiet_power=lambda: 1.0
    )
    microphone = SpeakingMicrophone(devices)
    microphone.beat(0.0, microphone.together())
    microphone.say(np.arange(2 * MICROPHONE_BLOCK + 5, dtype=np.float32))
    for number in range(3):
        microphone.beat(number / 100, microphone.together())
    assert [chunk.start for chunk in heard] == [0, 2560, 2720, 2880]
    said = np.concatenate([chunk.samples for chunk in heard[1:3]])
    assert said.tolist() == list(range(2 * MICROPHONE_BLOCK))
    assert not heard[0].samples.any()
    assert not heard[3].samples.any()
