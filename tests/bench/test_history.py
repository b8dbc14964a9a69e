"""History: the bench times a real file and a real window, here with few turns."""

from __future__ import annotations

from pathlib import Path

import pytest

from avatar_app.bench import history, run_bench
from avatar_app.settings.loading import load_settings
from avatar_app.storage.history import History


def test_storage_and_window_are_timed(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    monkeypatch.setattr(history, "TURNS", 120)
    monkeypatch.setattr(history, "QUICK_ROUNDS", 1)
    result = run_bench("history", load_settings(tmp_path / "config.yaml")[0], quick=True)
    metrics = result.report.metrics
    assert metrics["open_p50"].target == metrics["window_open"].target == "≤ 200"
    named = ("list", "first_page", "search “moon tid”", "scan_without_index", "window_open")
    assert all((metrics[name].value or 0) > 0 for name in named)


def test_the_measured_history_contains_the_searched_words(tmp_path: Path) -> None:
    path = tmp_path / "history.db"
    history.fill(path, 100, per_conversation=40)
    stored = History(path)
    store = stored.conversations
    assert [each.turns for each in store.list()] == [20, 40, 40]
    *common, absent = history.SEARCHES
    assert all(store.search(words) for words in common)
    assert store.search(absent) == ()
    stored.close()
