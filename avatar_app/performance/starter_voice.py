"""Chooses the starter set's voice: the most natural one that the machine speaks in real time."""

from __future__ import annotations

from avatar_app.core.manifest import Kind
from avatar_app.models.catalog import Catalog, Model
from avatar_app.performance.profiles import required_gflops
from avatar_app.system.hardware import Hardware

VOICES = "voices"
"""The catalog's set of voices for newcomers, the most natural first."""


def suitable_voices(catalog: Catalog, machine: Hardware | None) -> tuple[Model, ...]:
    """Return the voices of the set that the machine can probably speak in real time beside
    recognition and a language model, by its measured speed, and the last, which costs least; all of
    them for an unknown machine.
    """
    voices = [catalog.by_id[name] for name in catalog.sets.get(VOICES, ()) if name in catalog.by_id]
    able = [voice for voice in voices if machine is None or _keeps_up(machine, voice)]
    return tuple(dict.fromkeys([*able, *voices[-1:]]))


def _keeps_up(machine: Hardware, voice: Model) -> bool:
    needed = required_gflops(Kind.TTS, voice.engine, voice.id)
    return needed is not None and machine.gflops >= needed
