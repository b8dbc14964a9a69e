"""Chooses the starter set's voice: the most natural one that the machine speaks in real time."""

from __future__ import annotations

from avatar_app.core.manifest import Kind
from avatar_app.models.catalog import Catalog, Model
from avatar_app.performance.profiles import required_gflops
from avatar_app.system.hardware import Hardware

VOICES = "voices"
"""The catalog's set of voices for newcomers, the most natural first."""


def best_voice(catalog: Catalog, machine: Hardware) -> Model | None:
    """Return the first voice of the set that the machine can speak in real time beside recognition
    and a language model, by its measured speed; if it can speak none, the last, which costs least.
    """
    names = [name for name in catalog.sets.get(VOICES, ()) if name in catalog.by_id]
    voices = [catalog.by_id[name] for name in names]
    able = [voice for voice in voices if _keeps_up(machine, voice)]
    return next(iter([*able, *voices[-1:]]), None)


def _keeps_up(machine: Hardware, voice: Model) -> bool:
    needed = required_gflops(Kind.TTS, voice.engine, voice.id)
    return needed is not None and machine.gflops >= needed
