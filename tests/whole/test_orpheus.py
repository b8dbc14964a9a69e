"""A whole conversation in Orpheus' voice: emotions are heard, and nobody reads them."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np
import pytest
from real_models import CONTEXT, answering, talk, talking

from avatar_app.bench.scripted.llama import write_llama
from avatar_app.bench.scripted.orpheus import SPOKEN, write_orpheus
from avatar_app.core.events import ClauseWritten, Outcome
from avatar_app.engines.tts.orpheus.snac import FRAME, RATE
from avatar_app.pipeline import commands
from avatar_app.session.offline.recordings import ReportLine

ANSWER = "Ha <laugh>! Gladly, the sun rises <sigh> slowly."
SHOWN = ["Ha!", "Gladly,", "the", "sun", "rises", "slowly."]
PHRASE = len(SPOKEN) * FRAME / RATE
"""Seconds of any phrase in this voice."""


@pytest.fixture(scope="module")
def laughing(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A language model whose answer asks for a laugh."""
    return write_llama(tmp_path_factory.mktemp("laugh") / "a.gguf", ANSWER, context=CONTEXT)


@pytest.fixture(scope="module")
def voice(tmp_path_factory: pytest.TempPathFactory) -> dict[str, Any]:
    folder = write_orpheus(tmp_path_factory.mktemp("orpheus"))
    options = {"model": str(folder), "context": 2048, "threads": 1, "gpu_layers": 0}
    return {"tts.engine": "orpheus"} | {f"tts.options.{k}": v for k, v in options.items()}


def test_an_answer_is_spoken_with_its_emotions(laughing: Path, voice: dict[str, Any]) -> None:
    with talking(answering(laughing) | voice) as offline:
        turns = talk(offline, ReportLine("hello"), ReportLine("and again"))
        written = [event for _, event in offline.events if isinstance(event, ClauseWritten)]
    for turn in turns:
        assert turn.outcome is Outcome.FINISHED
        assert turn.heard_text.split() == turn.avatar_text.split() == SHOWN
        assert turn.pictures.shown > 3
    assert not [clause for clause in written if "<" in clause.clause]


def test_the_sound_of_a_laugh_is_played_and_stops_at_once(voice: dict[str, Any]) -> None:
    with talking(voice) as offline:
        played: list[np.ndarray] = []
        offline.conversation.send(commands.Announce("<laugh>"))
        for moment in offline.devices.pass_time(20.0):
            played.append(moment.played)
            if offline.ended:
                break
        assert np.abs(np.concatenate(played)).max() > 0.005
        offline.conversation.send(commands.Announce("One. Two. Three. " * 20))
        heard = 0.0
        for moment in offline.devices.pass_time(20.0):
            heard += float(np.abs(moment.played).max() > 0.005) * len(moment.played) / 48_000
            if heard > 2 * PHRASE:
                break
        offline.conversation.send(commands.Interrupt())
        rest = [moment.played for moment in offline.devices.pass_time(0.4)]
        assert not np.concatenate(rest)[-4800:].any()
        assert offline.ended[-1].outcome is Outcome.INTERRUPTED


def test_other_voices_never_read_a_tag(laughing: Path) -> None:
    with talking(answering(laughing)) as offline:
        (turn,) = talk(offline, ReportLine("hello"))
    assert turn.heard_text.split() == SHOWN
