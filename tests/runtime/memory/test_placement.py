"""A card is shared before anything loads: the largest get it, others less precision, then none."""

from __future__ import annotations

from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from avatar_app.core.events import Noticed
from avatar_app.core.manifest import Kind, Manifest, Option, OptionType
from avatar_app.runtime.loading import plan_loading
from avatar_app.runtime.memory.broker import MemoryBroker
from avatar_app.runtime.memory.budget import MemoryBudget
from avatar_app.runtime.memory.placement import place
from avatar_app.runtime.registry import Registry
from avatar_app.settings.loading import load_settings
from avatar_app.system.memory import MemoryFootprint, MemoryReading, Pool

OPTIONS = (
    Option("size", OptionType.NUMBER, 0.0, "GB."),
    Option("precision", OptionType.CHOICE, "full", "How exact.", values=("full", "half")),
    Option("device", OptionType.CHOICE, "card", "Where.", values=("card", "processor")),
)
LIGHTER = ({"precision": "half"}, {"device": "processor"})


def engine(name: str, kind: Kind, *, lighter: bool = True) -> Manifest:
    steps = LIGHTER if lighter else ()
    return Manifest(name, kind, "engine:X", name, "", "", options=OPTIONS, lighter=steps)


LISTENER, SPEAKER = engine("listener", Kind.ASR), engine("speaker", Kind.TTS)
THINKER = engine("thinker", Kind.DIALOGUE)
RIGID = engine("rigid", Kind.FACE, lighter=False)


def weigh(manifest: Manifest, options: dict[str, Any]) -> MemoryFootprint:
    """The size in GB, or half of it; in the program's memory without the card."""
    known = manifest.checked(options)
    mb = known["size"] * 1024 * (0.5 if known["precision"] == "half" else 1.0)
    return MemoryFootprint(0, mb) if known["device"] == "card" else MemoryFootprint(mb, 0)


def shared(*wishes: tuple[Manifest, float], card: float | None = 8.0) -> list[tuple[str, str]]:
    free = {Pool.RAM: 64 * 1024.0} | ({} if card is None else {Pool.VRAM: card * 1024})
    placed = place([(manifest, {"size": size}) for manifest, size in wishes], weigh, free)
    return [
        (each.manifest.name, " ".join(str(value) for value in each.changed.values()))
        for each in placed
    ]


def test_the_largest_is_loaded_first_and_in_full() -> None:
    wishes = ((LISTENER, 1.0), (SPEAKER, 2.0), (THINKER, 5.0))
    assert shared(*wishes) == [("thinker", ""), ("speaker", ""), ("listener", "")]


def test_what_does_not_fit_takes_less_precision_then_the_processor() -> None:
    wishes = ((LISTENER, 2.0), (SPEAKER, 3.0), (THINKER, 6.0))
    expected = [("thinker", ""), ("speaker", "half"), ("listener", "half processor")]
    assert shared(*wishes) == expected


def test_small_ones_keep_what_fits_beside_one_that_left_the_card() -> None:
    assert shared((LISTENER, 1.0), (THINKER, 20.0)) == [
        ("thinker", "half processor"),
        ("listener", ""),
    ]


def test_one_without_lighter_options_keeps_its_own() -> None:
    assert shared((RIGID, 12.0), (LISTENER, 1.0)) == [
        ("rigid", ""),
        ("listener", "half processor"),
    ]


def test_engines_off_the_card_keep_their_order_after_the_others() -> None:
    cpu = {"device": "processor", "size": 4.0}
    placed = place(
        [(LISTENER, cpu), (SPEAKER, cpu), (THINKER, {"size": 1.0})],
        weigh,
        {Pool.RAM: 1024.0, Pool.VRAM: 8 * 1024.0},
    )
    assert [each.manifest.name for each in placed] == ["thinker", "listener", "speaker"]
    assert not any(each.changed for each in placed)


@given(
    sizes=st.lists(st.floats(0.1, 30), min_size=1, max_size=6),
    card=st.floats(0, 40),
)
def test_together_they_never_exceed_the_card(sizes: list[float], card: float) -> None:
    placed = place([(THINKER, {"size": size}) for size in sizes], weigh, {Pool.VRAM: card * 1024})
    assert sum(each.weight.vram_mb for each in placed) <= card * 1024 + 1e-6
    assert len(placed) == len(sizes)


def test_loading_is_planned_by_the_settings_and_what_is_free() -> None:
    settings = load_settings(
        overrides={"asr.engine": "whisper", "dialogue.engine": "llama", "vad.engine": "nobody"}
    )[0]
    sizes = {"whisper": 2000.0, "llama": 6000.0}

    def weights(manifest: Manifest, options: dict[str, Any]) -> MemoryFootprint:
        known = manifest.checked(options)
        light = known.get("compute") == "int8" or known.get("gpu_layers") == 8
        off = known.get("device") == "cpu" or known.get("gpu_layers") == 0
        mb = sizes.get(manifest.name, 0.0) * (0.5 if light else 1.0)
        return MemoryFootprint(mb, 0) if off else MemoryFootprint(100, mb)

    def placements(card: float) -> dict[str, dict[str, Any]]:
        budget = MemoryBudget({Pool.VRAM: lambda: MemoryReading(card / (11 / 12), 0.0)})
        plan = plan_loading(settings, Registry(), MemoryBroker(budget, weights))
        assert [each.manifest.name for each in plan][:2] == ["llama", "whisper"]
        assert "nobody" not in {each.manifest.name for each in plan}
        return {each.manifest.name: dict(each.changed) for each in plan if each.changed}

    assert placements(8200) == {}
    assert placements(7100) == {"whisper": {"compute": "int8"}}
    assert placements(6100) == {"whisper": {"compute": "int8", "device": "cpu"}}
    assert placements(100)["llama"]["gpu_layers"] == 0


def test_without_a_card_nothing_changes() -> None:
    settings = load_settings(overrides={"asr.engine": "whisper"})[0]
    plan = plan_loading(settings, Registry(), MemoryBroker())
    assert not any(each.changed for each in plan)


@pytest.mark.usefixtures("user_engines_forgotten")
def test_a_lighter_engine_is_loaded_with_a_notice(tmp_path: Any) -> None:
    """With the true manager: the voice does not fit beside the listener, and goes on lighter."""
    from avatar_app.runtime.memory.doors import UnifiedModelManager
    from avatar_app.system.paths import app_paths

    for kind, call in (("asr", "transcribe"), ("tts", "speak")):
        home = app_paths().engines / kind / f"big_{kind}"
        home.mkdir(parents=True)
        (home / "manifest.yaml").write_text(_MANIFEST.format(kind=kind))
        (home / "engine.py").write_text(_ENGINE.format(call=call))
    settings = load_settings(
        overrides={
            "asr.engine": "big_asr",
            "asr.options.size": 6,
            "tts.engine": "big_tts",
            "tts.options.size": 4,
            "face.options.width": 64,
            "face.options.height": 64,
        }
    )[0]
    budget = MemoryBudget({Pool.VRAM: lambda: MemoryReading(8 * 1024.0, 0.0)})

    def weights(manifest: Manifest, options: dict[str, Any]) -> MemoryFootprint:
        if not manifest.name.startswith("big"):
            return MemoryFootprint()
        known = manifest.checked(options)
        mb = known["size"] * 1024.0 / (4 if known["precision"] == "half" else 1)
        return MemoryFootprint(0, mb)

    with UnifiedModelManager(settings, Registry(), MemoryBroker(budget, weights)) as models:
        models.load_models()
        assert models.get_model("tts").options["precision"] == "half"
        assert models.get_model(Kind.ASR).options.get("precision", "full") == "full"
        notices: list[Noticed] = models.notices
        assert [notice.message for notice in notices] == [
            "The graphics card has no room for big_tts beside the larger engines."
        ]
        assert notices[0].hint == "big_tts goes on with precision half."
        stats = models.memory_stats()
        loaded = {each.name: each.weight.vram_mb for each in stats.engines if each.is_loaded}
        assert (loaded["big_asr"], loaded["big_tts"]) == (6 * 1024, 1024)
        assert stats.pools[Pool.VRAM].leased_mb == 7 * 1024
    assert models.memory_stats().engines == ()


_MANIFEST = """
name: big_{kind}
kind: {kind}
entry: engine:Big
title: big_{kind}
summary: It takes much.
license: MIT
lighter: [{{precision: half}}]
options:
  size: {{type: integer, default: 1, help: GB.}}
  precision: {{type: choice, values: [full, half], default: full, help: How exact.}}
"""
_ENGINE = """
class Big:
    def __init__(self, **options):
        self.options = options

    def configure(self, **options):
        self.options |= options

    def close(self):
        pass

    def {call}(self, *_):
        yield from ()
"""
