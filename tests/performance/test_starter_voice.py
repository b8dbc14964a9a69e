"""The starter set speaks with the most natural voice that the machine can speak in real time."""

from __future__ import annotations

from pathlib import Path

import pytest

from avatar_app.core.manifest import Kind
from avatar_app.models.catalog import CATALOG, STARTER, Catalog, read_catalog
from avatar_app.models.store import Store
from avatar_app.performance.profiles import required_gflops
from avatar_app.performance.starter import starter_items
from avatar_app.performance.starter_voice import VOICES, suitable_voices
from avatar_app.runtime.registry import Registry
from avatar_app.system import paths
from avatar_app.system.hardware import Hardware


@pytest.fixture(scope="module")
def catalog() -> Catalog:
    return read_catalog(paths.shipped("models") / CATALOG)


def machine(gflops: float) -> Hardware:
    return Hardware(ram_mb=32_000, free_ram_mb=16_000, cores=2, gflops=gflops, card=None)


def test_every_voice_of_the_set_says_what_it_needs(catalog: Catalog) -> None:
    voices = [catalog.by_id[name] for name in catalog.sets[VOICES]]
    needs = [required_gflops(voice.kind, voice.engine, voice.id) for voice in voices]
    assert [voice.kind for voice in voices] == [Kind.TTS] * len(voices)
    assert None not in needs
    assert needs == sorted(needs, key=lambda gflops: -(gflops or 0.0)), "the natural ones cost more"
    assert required_gflops(Kind.TTS, "kokoro", "no-such-model") is None


def test_a_slow_machine_gets_a_voice_that_keeps_up(catalog: Catalog, tmp_path: Path) -> None:
    own = next(each for each in catalog.find_all([STARTER]) if each.kind is Kind.TTS)
    assert suitable_voices(catalog, machine(100))[0] is own
    [slow] = suitable_voices(catalog, machine(36))
    assert slow is not own
    items = starter_items(catalog, Store(tmp_path), Registry(), machine(36))
    [voice] = [item for item in items if item.kind is Kind.TTS]
    assert (voice.model, voice.instead) == (slow, (own,))
    assert all(file.packages and file.sha256 for file in slow.files), "it needs packages only"


def test_a_machine_too_slow_for_any_gets_the_quickest_voice(catalog: Catalog) -> None:
    assert suitable_voices(catalog, machine(1)) == suitable_voices(catalog, machine(36))


@pytest.mark.parametrize("known", [machine(100), None])
def test_a_quicker_voice_is_ready_in_case_the_first_is_slow(
    catalog: Catalog, tmp_path: Path, known: Hardware | None
) -> None:
    items = starter_items(catalog, Store(tmp_path), Registry(), known)
    [voice] = [item for item in items if item.kind is Kind.TTS]
    assert (voice.model.engine, [each.engine for each in voice.instead]) == ("kokoro", ["piper"])


def test_a_catalog_without_such_a_set_keeps_its_own_voice(catalog: Catalog, tmp_path: Path) -> None:
    bare = Catalog(models=catalog.models, sets={STARTER: catalog.sets[STARTER]})
    assert suitable_voices(bare, machine(36)) == ()
    items = starter_items(bare, Store(tmp_path), Registry(), machine(36))
    [voice] = [item for item in items if item.kind is Kind.TTS]
    assert (voice.model.engine, voice.instead) == ("kokoro", ())
