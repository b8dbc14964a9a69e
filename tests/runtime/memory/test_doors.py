"""Programs share a card's memory by name, and see what each has."""

from __future__ import annotations

import pytest

from avatar_app.api import GPUMemoryManager, UnifiedModelManager
from avatar_app.core.errors import ConfigInvalid, OutOfMemory
from avatar_app.runtime.memory.broker import MemoryBroker
from avatar_app.runtime.memory.budget import MemoryBudget
from avatar_app.system.memory import MemoryReading, Pool

CARD = 12 * 1024.0


def manager(foreign: float = 0.0) -> GPUMemoryManager:
    budget = MemoryBudget({Pool.VRAM: lambda: MemoryReading(CARD, foreign)})
    return GPUMemoryManager(MemoryBroker(budget))


def test_memory_is_leased_by_name_and_returned() -> None:
    memory = manager(1024)
    assert memory.free_mb() == pytest.approx(10 * 1024)
    memory.allocate("voice", 4 * 1024)
    memory.allocate("talker", 5 * 1024, ram_mb=500)
    assert memory.fits([1024])
    assert not memory.fits([600, 600])
    stats = memory.memory_stats().as_json()
    pool = stats["pools"]["graphics memory"]
    assert (pool["total_mb"], pool["foreign_mb"], pool["leased_mb"]) == (CARD, 1024, 9 * 1024)
    assert pool["free_mb"] == pytest.approx(1024)
    assert [each["name"] for each in stats["engines"]] == ["voice", "talker"]
    with pytest.raises(ConfigInvalid, match="voice has memory already"):
        memory.allocate("voice", 1)
    with pytest.raises(OutOfMemory, match="film needs 4096 MB"):
        memory.allocate("film", 4 * 1024)
    memory.free("voice")
    memory.free("voice")
    memory.allocate("film", 4 * 1024)
    assert [each.name for each in memory.memory_stats().engines] == ["talker", "film"]


def test_an_idle_model_leaves_for_another() -> None:
    memory, left = manager(), []
    memory.allocate("idle", 8 * 1024, unload=lambda: left.append("idle"))
    memory.allocate("new", 8 * 1024)
    assert left == ["idle"]
    states = {each.name: each for each in memory.memory_stats().engines}
    assert (states["idle"].is_loaded, states["new"].is_loaded) == (False, True)
    assert (states["idle"].can_unload, states["new"].can_unload) == (True, False)


def test_without_a_card_nothing_fits_and_nothing_is_refused() -> None:
    memory = GPUMemoryManager(MemoryBroker())
    assert memory.free_mb() is None
    assert not memory.fits([])
    memory.allocate("voice", 4 * 1024)
    assert memory.memory_stats().pools == {}


def test_a_kind_that_is_not_loaded_is_named() -> None:
    models = UnifiedModelManager(broker=MemoryBroker())
    with pytest.raises(ConfigInvalid, match="No engine of the kind tts is loaded"):
        models.get_model("tts")
    assert models.memory_stats().engines == ()
