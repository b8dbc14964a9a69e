"""Chooses the best language model of the catalog that the machine can run during a conversation."""

from __future__ import annotations

from contextlib import closing

from avatar_app.core.manifest import Kind
from avatar_app.models.catalog import Catalog, Model
from avatar_app.storage.measurements import Measurements
from avatar_app.system.hardware import Cards, Hardware, fingerprint, look_at_hardware, nvml
from avatar_app.system.paths import AppPaths

BRAINS = "brains"
"""The catalog's set of language models for newcomers, the best first."""
PACKAGED_BRAINS = "packaged_brains"
"""The same, of those that packages carry as well."""
BRAIN_SETS = (BRAINS, PACKAGED_BRAINS)
GFLOPS_A_MB = 0.2
"""Speed required for each megabyte of a model's file (see Hardware.gflops): an answer's first words
then take half a second, with recognition and voice on the same processor."""
MEMORY_SHARE = 0.5
"""Of the free memory, for the language model."""


def best_brain(catalog: Catalog, machine: Hardware, among: str = BRAINS) -> Model | None:
    """Return the first model of a set that the machine can run; None if it can run none.

    Models whose license must be accepted are left to those who choose them.
    """
    names = [name for name in catalog.sets.get(among, ()) if name in catalog.by_id]
    return next((model for name in names if _can_run(machine, model := catalog.by_id[name])), None)


def known_machine(paths: AppPaths, *, measure: bool) -> Hardware | None:
    """Return this machine. If its speed was never measured, `measure` it for ten seconds, or
    return None.
    """
    with closing(Measurements.of(paths)) as measurements:
        if not measure and measurements.speed(fingerprint()) is None:
            return None
        return look_at_hardware(measurements, Cards(nvml()))


def _can_run(machine: Hardware, model: Model) -> bool:
    if model.kind is not Kind.DIALOGUE or model.license.must_accept or not model.bytes:
        return False
    quick = machine.gflops >= model.bytes / 1e6 * GFLOPS_A_MB
    return quick and model.needs.ram_mb <= machine.free_ram_mb * MEMORY_SHARE
