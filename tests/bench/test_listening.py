"""The bench of listening, on the scene's own clock: reactions come, and “uh-huh” is no turn."""

from __future__ import annotations

from pathlib import Path

from avatar_app.bench.listening import measure
from avatar_app.settings.loading import load_settings
from avatar_app.system.paths import paths_under


def test_every_reaction_is_seen_and_an_acknowledgment_is_no_turn(tmp_path: Path) -> None:
    report = measure(load_settings()[0], paths_under(tmp_path), quick=True)
    found = {name: metric.value for name, metric in report.metrics.items()}
    for reaction in ("onset", "pause", "laughter"):
        assert found[f"{reaction}_reactions"] == 100
    assert found["acknowledged_for"] > 0
    assert found["turns_in_the_pause"] == 0
    assert found["turns_of_the_story"] == 1
