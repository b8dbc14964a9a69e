"""The door for programs: every name is there, nothing heavy comes with it, old paths still work."""

from __future__ import annotations

import importlib
import subprocess
import sys

import pytest

from avatar_app import api


def test_every_api_name_exists() -> None:
    assert {name for name in api.__all__ if getattr(api, name).__name__ == name} == set(api.__all__)
    assert dir(api) == sorted(api.__all__)
    with pytest.raises(AttributeError, match="Nothing"):
        _ = api.Nothing


def test_importing_api_loads_no_heavy_package() -> None:
    program = (
        "import sys, avatar_app.api; "
        "print({'numpy', 'cv2', 'onnxruntime', 'PySide6', 'pydantic'} & set(sys.modules))"
    )
    run = subprocess.run([sys.executable, "-c", program], capture_output=True, text=True)
    assert run.stdout.strip() == "set()", run.stderr


@pytest.mark.parametrize(
    ("path", "name"),
    [
        ("avatar_app.app.render.talking_head", "Wav2LipTalkingHead"),
        ("avatar_app.app.speech.tts", "TTSEngine"),
        ("avatar_app.app.speech.tts", "TTSStreamer"),
    ],
)
def test_former_import_paths_warn_and_work(path: str, name: str) -> None:
    sys.modules.pop(path, None)
    with pytest.warns(DeprecationWarning, match=r"avatar_app\.api"):
        module = importlib.import_module(path)
    assert getattr(module, name) is getattr(api, name)


def test_former_protocol_names_remain_importable() -> None:
    from avatar_app.core import engines, values

    assert engines.Voice is engines.SpeechSynthesizer
    assert engines.Recognizer is engines.SpeechRecognizer
    assert values.Look is values.FaceState
