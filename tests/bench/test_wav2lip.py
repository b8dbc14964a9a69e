"""The bench of Wav2Lip measures the network it says, and says so where torch is missing."""

from __future__ import annotations

import importlib.util
import json
from pathlib import Path

import numpy as np
import pytest

from avatar_app.bench import wav2lip
from avatar_app.bench.result import BenchResult
from avatar_app.system.paths import paths_under

FOLDER = Path(__file__).parents[1] / "data" / "wav2lip"


def test_bench_weights_are_those_of_the_golden_pictures() -> None:
    spec = importlib.util.spec_from_file_location("wav2lip_weights", FOLDER / "weights.py")
    assert spec is not None
    assert spec.loader is not None
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    theirs, ours = module.random_state_dict(), wav2lip.random_state()
    assert {key for key in theirs if not key.endswith("num_batches_tracked")} == set(ours)
    assert all(np.array_equal(values, theirs[key]) for key, values in ours.items())


def test_without_torch_nothing_is_compared(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(wav2lip, "plain_torch", lambda *_: None)
    monkeypatch.setattr(wav2lip, "QUICK_ROUNDS", 1)
    report = wav2lip.measure(None, paths_under(tmp_path), quick=True)  # it reads no settings
    metrics = json.loads(json.dumps(BenchResult("wav2lip", {}, report).as_json()))["metrics"]
    assert metrics["fp32_batch_1"]["value"] > 0
    if "fast_batch_1" in metrics:  # only some runtimes have it, and each processor its runtime
        assert 0 < metrics["fast_largest_difference"]["value"] < 1
    assert metrics["composition_p50"]["value"] > 0
    assert metrics["x264_ultrafast_p50"]["value"] > 0
    assert metrics["fp32_per_torch_batch_1"] == {
        "value": None,
        "unit": "times",
        "target": "≥ 3.5",
        "lacks": "torch",
    }
