"""History: how soon ten thousand turns are opened, listed, searched and shown in the window."""

from __future__ import annotations

import json
import os
import random
import sqlite3
import subprocess
import sys
import time
from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from functools import partial
from pathlib import Path

import numpy as np

from avatar_app.bench.result import Report
from avatar_app.core.errors import EngineFailed
from avatar_app.core.events import Outcome, TurnEnded
from avatar_app.settings.schema import Settings
from avatar_app.storage.history import History
from avatar_app.system.paths import DATA_DIR_VARIABLE, AppPaths

TURNS, PER_CONVERSATION = 10_000, 40
QUICK_ROUNDS, ROUNDS = 5, 25
OPEN_MS = 200.0
PROBE = "avatar_app.bench.window.history_probe"
PATIENCE = 120.0
"""Seconds for the window."""
SEARCHES = ("th", "garden", "moon tid", "grosse cafe", "xylophone")
SCAN = "SELECT count(*) FROM turns WHERE user_text LIKE '%gard%' OR heard_text LIKE '%gard%'"
_TEXT = (
    "the moon a garden tides where is what time bread oven photosynthesis timer remember sister "
    "Größe café weekend lighthouse story once upon number water light read next and of to in"
)


def measure(settings: Settings, paths: AppPaths, *, quick: bool) -> Report:
    """Files of TURNS turns: in conversations of PER_CONVERSATION, and for the window in one. Times
    of processor, where nothing else is said: other programs do not count."""
    del settings
    rounds, report = QUICK_ROUNDS if quick else ROUNDS, Report()
    fill(paths.history_file, TURNS, PER_CONVERSATION)
    opened = timed(rounds, lambda: History(paths.history_file).close())
    report.add_percentiles("open", opened, "ms", p50=OPEN_MS, p95=None)
    history = History(paths.history_file)
    store = history.conversations
    newest = store.list()[0].id
    report.add("list", _median(timed(rounds, store.list)), "ms")
    report.add("first_page", _median(timed(rounds, lambda: store.turns(newest))), "ms")
    for words in SEARCHES:
        found = _median(timed(rounds, partial(store.search, words)))
        report.add(f"search “{words}”", found, "ms")
    history.close()
    report.add("scan_without_index", _median(timed(rounds, lambda: _scan(paths))), "ms")
    for name, milliseconds in _window(paths.data / "one", quick=quick).items():
        most = OPEN_MS if name == "open" else None
        report.add(f"window_{name}", milliseconds, "ms", most=most)
    return report


def fill(path: Path, turns: int, per_conversation: int) -> None:
    """A history of so many turns, five minutes apart."""
    history, chance, known = History(path), random.Random(1), _TEXT.split()
    began = datetime(2026, 1, 1, tzinfo=UTC)

    def sentence(words: int) -> str:
        return " ".join(chance.choices(known, k=words))

    for first in range(0, turns, per_conversation):
        history.begin()
        numbers = range(first, min(turns, first + per_conversation))
        answers = {number: sentence(40) for number in numbers}
        history.add_all(
            (
                TurnEnded(number, Outcome.FINISHED, sentence(12), answer, answer),
                began + timedelta(minutes=5 * number),
            )
            for number, answer in answers.items()
        )
    history.close()


def timed(rounds: int, work: Callable[[], object]) -> list[float]:
    """Milliseconds of processor time that each round took."""
    spent = []
    for _ in range(rounds):
        began = time.process_time()
        work()
        spent.append((time.process_time() - began) * 1000)
    return spent


def _median(milliseconds: list[float]) -> float:
    return float(np.median(milliseconds))


def _scan(paths: AppPaths) -> object:
    """The same without an index."""
    connection = sqlite3.connect(paths.history_file)
    try:
        return connection.execute(SCAN).fetchone()
    finally:
        connection.close()


def _window(folder: Path, *, quick: bool) -> dict[str, float]:
    """In a process of its own: from opening the page to the first lines of the conversation."""
    fill(folder / "history.db", TURNS, per_conversation=TURNS)
    command = [sys.executable, "-m", PROBE, str(QUICK_ROUNDS if quick else ROUNDS)]
    environment = os.environ | {DATA_DIR_VARIABLE: str(folder)}
    done = subprocess.run(
        command, env=environment, capture_output=True, text=True, timeout=PATIENCE, check=False
    )
    if done.returncode:
        last = " ".join(done.stderr.strip().splitlines()[-1:])
        raise EngineFailed(f"The window failed: {last}.", "Type: avatar-app doctor")
    measured: dict[str, float] = json.loads(done.stdout.splitlines()[-1])
    return measured
