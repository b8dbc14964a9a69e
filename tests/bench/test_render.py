"""The bench of a whole film: it judges by its targets, and says so where torch is missing."""

from __future__ import annotations

import importlib.util
from pathlib import Path

import pytest

from avatar_app.bench import render
from avatar_app.bench.render import _report, _Run
from avatar_app.system.paths import paths_under


def test_targets_are_those_of_the_whole_film() -> None:
    met = _report([_Run(4, 400, 700)], [_Run(17, 2000, 900)]).metrics
    assert met["generate_per_loop"].value == 4.25
    assert met["memory_per_loop"].value == 20
    assert all(metric.ok for metric in met.values())
    missed = _report([_Run(6, 600, 700)], [_Run(17, 2000, 900)]).metrics
    wrong = {name for name, metric in missed.items() if not metric.ok}
    assert wrong == {"generate", "generate_per_loop", "memory_per_loop"}


def test_without_torch_what_is_compared_is_missing(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    found = importlib.util.find_spec
    monkeypatch.setattr(
        importlib.util, "find_spec", lambda name: None if name == "torch" else found(name)
    )
    metrics = render.measure(None, paths_under(tmp_path), quick=True).metrics
    assert metrics["generate"].value > 0
    assert metrics["generate_memory"].value > 100
    compared = metrics["generate_per_loop"]
    assert (compared.value, compared.lacks, compared.ok) == (None, "torch", True)
