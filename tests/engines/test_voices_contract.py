"""The promises of every voice: speakers that can be chosen, and latents of those that clone.

After test_voice_espeak.py: a Kokoro in this process leaves the espeak-ng library, of which a
process has one, in another state; in the program each engine has a process of its own.
"""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from voice_checks import (
    check_behind_its_process,
    check_blends,
    check_latents,
    check_speakers,
)

from avatar_app.bench.scripted.kokoro import VOICES, write_kokoro
from avatar_app.bench.scripted.orpheus import write_orpheus
from avatar_app.bench.scripted.piper import SPEAKERS, write_piper
from avatar_app.core.errors import ModelMissing
from avatar_app.core.manifest import Kind
from avatar_app.runtime.registry import Registry

OPTIONS: dict[str, Callable[[Path], dict[str, Any]]] = {
    "kokoro": lambda folder: {"model": str(write_kokoro(folder))},
    "orpheus": lambda folder: {"model": str(write_orpheus(folder)), "context": 2048},
    "piper": lambda folder: {"model": str(write_piper(folder, speakers=True))},
}
"""How engines are made that need a model; those with PyTorch keep the same promises in tests/coqui
and tests/vibevoice."""
APART = {"coqui", "vibevoice"}
VOICES_HERE = {each.name for each in Registry().all() if each.kind is Kind.TTS} - APART
every = pytest.mark.parametrize("name", sorted(VOICES_HERE))


def options(name: str, folder: Path) -> dict[str, Any]:
    return OPTIONS[name](folder) if name in OPTIONS else {}


@every
def test_only_listed_speakers_can_be_chosen(name: str, tmp_path: Path) -> None:
    names = check_speakers(Registry().find(Kind.TTS, name), **options(name, tmp_path))
    known = {"kokoro": tuple(sorted(VOICES)), "piper": tuple(SPEAKERS)}
    assert names == known.get(name, names)
    assert names


@every
def test_blending_voices_accept_any_two_speakers(name: str, tmp_path: Path) -> None:
    mixes = check_blends(Registry().find(Kind.TTS, name), **options(name, tmp_path))
    assert mixes == (name == "kokoro")


@every
def test_only_cloning_voices_have_latents(name: str, tmp_path: Path) -> None:
    check_latents(Registry().find(Kind.TTS, name), **options(name, tmp_path))


@every
def test_speakers_of_a_missing_model_raise_model_missing(name: str, tmp_path: Path) -> None:
    manifest = Registry().find(Kind.TTS, name)
    engine = Registry().load_class(manifest)
    if "model" not in {option.name for option in manifest.options}:
        assert engine.speakers()
        return
    with pytest.raises(ModelMissing) as missing:
        engine.speakers(model=str(tmp_path / "none"))
    assert missing.value.hint


@every
def test_hosted_voice_speaks_as_its_manifest_declares(name: str, tmp_path: Path) -> None:
    check_behind_its_process(name, **options(name, tmp_path))
