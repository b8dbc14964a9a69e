"""The best language model that a machine can run beside recognition and voice."""

from __future__ import annotations

from pathlib import Path

import pytest

from avatar_app.core.manifest import Kind
from avatar_app.models.catalog import CATALOG, STARTER, Catalog, read_catalog
from avatar_app.models.store import Store
from avatar_app.performance.brain import (
    BRAIN_SETS,
    BRAINS,
    PACKAGED_BRAINS,
    best_brain,
    known_machine,
)
from avatar_app.performance.starter import starter_items
from avatar_app.runtime.registry import Registry
from avatar_app.storage.measurements import Measurements
from avatar_app.system import paths
from avatar_app.system.hardware import Hardware, fingerprint
from avatar_app.system.paths import app_paths


@pytest.fixture(scope="module")
def catalog() -> Catalog:
    return read_catalog(paths.shipped("models") / CATALOG)


def machine(gflops: float, free_mb: float = 16_000) -> Hardware:
    return Hardware(ram_mb=32_000, free_ram_mb=free_mb, cores=4, gflops=gflops, card=None)


def test_faster_machine_gets_a_larger_model(catalog: Catalog) -> None:
    found = [best_brain(catalog, machine(gflops)) for gflops in (10, 80, 100, 220, 5000)]
    assert found[0] is None, "the set's own is left"
    sizes = [model.bytes or 0 for model in found if model is not None]
    assert len(sizes) == 4
    assert sizes == sorted(sizes)
    assert len(set(sizes)) == 3
    assert best_brain(catalog, machine(5000)) is catalog.by_id[catalog.sets[BRAINS][0]]


def test_little_memory_gets_a_smaller_model(catalog: Catalog) -> None:
    roomy, short = best_brain(catalog, machine(5000)), best_brain(catalog, machine(5000, 1400))
    assert roomy is not None
    assert short is not None
    assert short.needs.ram_mb <= 700 < roomy.needs.ram_mb
    assert best_brain(catalog, machine(5000, 500)) is None


def test_offered_models_need_no_license_acceptance(catalog: Catalog) -> None:
    for name in (name for each in BRAIN_SETS for name in catalog.sets[each]):
        model = catalog.by_id[name]
        assert model.kind is Kind.DIALOGUE
        assert not model.license.must_accept
        assert all(file.sha256 and file.urls for file in model.files)


def test_starter_model_is_the_fallback_of_the_better_one(catalog: Catalog, tmp_path: Path) -> None:
    own = next(each for each in catalog.find_all([STARTER]) if each.kind is Kind.DIALOGUE)
    by_kind = {
        item.kind: item for item in starter_items(catalog, Store(tmp_path), Registry(), machine(80))
    }
    brain = by_kind[Kind.DIALOGUE]
    assert brain.model is best_brain(catalog, machine(80))
    assert brain.instead == (own,)
    assert brain.bytes_lacking == brain.model.bytes
    assert by_kind[Kind.ASR].instead == ()
    slow = starter_items(catalog, Store(tmp_path), Registry(), machine(10))
    assert [(item.model, item.instead) for item in slow if item.kind is own.kind] == [(own, ())]


def test_one_model_is_available_from_packages(catalog: Catalog, tmp_path: Path) -> None:
    items = starter_items(catalog, Store(tmp_path), Registry(), machine(220))
    [brain] = [item for item in items if item.kind is Kind.DIALOGUE]
    packaged, own = brain.instead
    assert (own.bytes or 0) < (packaged.bytes or 0) <= (brain.model.bytes or 0)
    for name in catalog.sets[PACKAGED_BRAINS]:
        assert all(file.packages and file.sha256 for file in catalog.by_id[name].files)


def test_unmeasured_machine_is_not_measured_without_consent() -> None:
    assert known_machine(app_paths(), measure=False) is None
    measurements = Measurements.of(app_paths())
    measurements.keep_speed(fingerprint(), 123.0)
    measurements.close()
    found = known_machine(app_paths(), measure=False)
    assert found is not None
    assert found.gflops == 123.0
