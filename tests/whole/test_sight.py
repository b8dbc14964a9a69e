"""Whole conversations with a model that sees: asked by voice about what the camera shows."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import cv2
import numpy as np
import pytest
from real_models import LIGHT, listening, talk, talking
from spoken import spoken

from avatar_app.bench.scripted.seeing import write_seeing
from avatar_app.bench.scripted.whisper import write_whisper
from avatar_app.core.events import LookingChanged
from avatar_app.core.values import BLOCK_SECONDS
from avatar_app.session.offline.recordings import ReportLine
from avatar_app.storage.tool_log import ToolLog
from avatar_app.system.paths import app_paths

COLORS = {"This is red.": (200, 30, 20), "It looks blue.": (30, 40, 220)}


def seeing(folder: Path, camera: Path) -> dict[str, Any]:
    options = {
        "model": str(write_seeing(folder)),
        "threads": 1,
        "gpu_layers": 0,
        "temperature": 0.0,
        "repeat_penalty": 1.0,
    }
    chosen = {f"dialogue.options.{name}": value for name, value in options.items()}
    return LIGHT | {"dialogue.engine": "llama", "sight.camera": str(camera)} | chosen


@pytest.mark.parametrize("answer", list(COLORS))
def test_the_color_in_the_cameras_picture_is_told(tmp_path: Path, answer: str) -> None:
    camera = tmp_path / "camera.png"
    cv2.imwrite(str(camera), np.full((240, 320, 3), COLORS[answer][::-1], np.uint8))
    recognizer = write_whisper(tmp_path / "whisper", "what color is this")
    line = ReportLine("asked", spoken("What color is this?"))
    settings = listening(recognizer) | seeing(tmp_path / "seeing", camera)
    with talking(settings, BLOCK_SECONDS) as offline:
        (turn,) = talk(offline, line)
        lights = [event for _, event in offline.events if isinstance(event, LookingChanged)]
    assert turn.heard_text == answer
    assert lights == [LookingChanged("camera", looking) for looking in (True, False)]
    (looked, _asked) = ToolLog(app_paths().tool_log_file).latest()
    assert (looked.tool, looked.consent) == ("look", "said"), "the question itself asks for it"
