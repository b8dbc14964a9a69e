"""What the catalog brings of Coqui's models is what the engine loads."""

from __future__ import annotations

from pathlib import Path

import pytest

from avatar_app.core.turn import Turn
from avatar_app.engines.tts.coqui.engine import CoquiVoice
from avatar_app.models.catalog import user_catalog
from avatar_app.system.paths import app_paths


@pytest.mark.parametrize(("name", "written"), [("vctk-vits", "vits"), ("xtts-v2", "xtts")])
def test_the_files_of_the_catalog_suffice(
    name: str, written: str, request: pytest.FixtureRequest, tmp_path: Path
) -> None:
    source: Path = request.getfixturevalue(written)
    for file in user_catalog(app_paths().models).find(name).contents:
        (tmp_path / file).write_bytes((source / file).read_bytes())
    voice = CoquiVoice(model=str(tmp_path), threads=1)
    try:
        chunks = list(voice.speak("Hello.", Turn(0)))
    finally:
        voice.close()
    assert [word.text for chunk in chunks for word in chunk.words] == ["Hello."]
