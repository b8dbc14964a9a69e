"""A whole conversation with Voxtral through transformers: what is heard is answered."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest
from real_models import LIGHT, talk, talking
from spoken import spoken
from voxtral_parts import write_voxtral_folder

from avatar_app.core.events import Outcome
from avatar_app.core.values import BLOCK_SECONDS
from avatar_app.session.offline.recordings import ReportLine

pytestmark = pytest.mark.timeout(600)  # PyTorch is imported in another process
LOW = "That was low, and quite pleasant to listen to."


def test_the_sound_is_answered_and_interrupted(tmp_path: Path) -> None:
    folder = write_voxtral_folder(tmp_path / "voxtral", (LOW, "High.", "You typed.", "Told me so."))
    options = {"model": str(folder), "threads": 1, "device": "cpu", "temperature": 0.0}
    chosen: dict[str, Any] = {f"dialogue.options.{name}": value for name, value in options.items()}
    settings = LIGHT | chosen | {"dialogue.engine": "voxtral_torch"}
    line = ReportLine("plain", spoken("Could you tell me a story please?"))
    with talking(settings, BLOCK_SECONDS) as offline:
        first, second = talk(offline, line, line, barge_in_at=0.5)
    assert first.outcome is Outcome.INTERRUPTED
    assert first.user_text, "the words are recognized beside it"
    assert LOW.startswith(first.heard_text)
    assert first.heard_text != LOW
    assert second.heard_text == LOW
    assert second.outcome is Outcome.FINISHED
    assert second.pictures.shown > 3
