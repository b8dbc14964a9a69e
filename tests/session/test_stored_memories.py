"""What is remembered is seen, corrected, exported, deleted and brought back."""

from __future__ import annotations

import json
from contextlib import closing
from datetime import UTC, datetime
from pathlib import Path

import pytest

from avatar_app.core.errors import ConfigInvalid, InputInvalid
from avatar_app.session.stored_memories import StoredMemories
from avatar_app.storage.memory import Memory
from avatar_app.system.paths import app_paths
from avatar_app.tools.services import Fact

MAY = datetime(2026, 5, 4, 12, tzinfo=UTC)


def test_everything_is_seen_corrected_exported_and_deleted(tmp_path: Path) -> None:
    memories = StoredMemories(app_paths())
    assert memories.all().facts == ()
    with closing(Memory(app_paths().memory_file)) as memory:
        memory.learn(Fact("user", "name", "Anna"), "I'm Anna", MAY)
        memory.episodes.keep(MAY, MAY, "planting tomatoes on the balcony")
    (fact,) = memories.all().facts
    memories.correct(fact, "  Hanna ")
    (corrected,) = memories.all().facts
    assert (corrected.fact.value, corrected.said) == ("Hanna", "corrected by hand: Hanna")
    with pytest.raises(InputInvalid):
        memories.correct(corrected, " ")
    memories.export(tmp_path / "memory.json")
    written = json.loads((tmp_path / "memory.json").read_text())
    assert written["facts"][0]["value"] == "Hanna"
    assert written["episodes"][0]["summary"] == "planting tomatoes on the balcony"
    (tmp_path / "file").touch()
    with pytest.raises(ConfigInvalid, match="cannot be written"):
        memories.export(tmp_path / "file" / "memory.json")
    memories.forget(corrected)
    (episode,) = memories.all().episodes
    memories.forget_episode(episode)
    assert (memories.all().facts, memories.all().episodes) == ((), ())
    memories.restore(fact)
    memories.restore_episode(episode)
    assert memories.all().episodes[0].summary == episode.summary
    assert memories.all().facts[0].said == "I'm Anna"
