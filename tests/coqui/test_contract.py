"""Coqui keeps the promises of every voice: see tests/engines/test_voices_contract.py."""

from __future__ import annotations

from pathlib import Path

import pytest
from coqui_parts import SPEAKERS, XTTS_SPEAKERS
from voice_checks import check_latents, check_speakers

from avatar_app.core.manifest import Kind
from avatar_app.runtime.registry import Registry

EXPECTED = {
    "vits": SPEAKERS,
    "lone_vits": (),
    "xtts": XTTS_SPEAKERS,
    "glow_tts": (),
    "tacotron2": (),
}


@pytest.mark.parametrize("written", EXPECTED)
def test_coqui_speakers_follow_the_contract(written: str, request: pytest.FixtureRequest) -> None:
    model: Path = request.getfixturevalue(written)
    manifest = Registry().find(Kind.TTS, "coqui")
    assert check_speakers(manifest, model=str(model), threads=1) == EXPECTED[written]


@pytest.mark.parametrize("written", EXPECTED)
def test_coqui_latents_follow_the_contract(written: str, request: pytest.FixtureRequest) -> None:
    model: Path = request.getfixturevalue(written)
    check_latents(Registry().find(Kind.TTS, "coqui"), model=str(model), threads=1)
