"""A path may begin with a home folder, also with nobody's."""

from __future__ import annotations

from pathlib import Path

import pytest

import avatar_app
from avatar_app.core.errors import ModelMissing
from avatar_app.core.home import expanded
from avatar_app.engines.asr.whisper.engine import WhisperRecognizer
from avatar_app.engines.tts.piper.engine import PiperVoice

NOBODYS = "~nobody-of-that-name/model"


def test_home_is_put_in_place_of_the_tilde(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    monkeypatch.setenv("HOME", str(tmp_path))
    monkeypatch.setenv("USERPROFILE", str(tmp_path))
    assert expanded("~/models/a.gguf") == tmp_path / "models" / "a.gguf"
    assert expanded(Path("models") / "~a") == Path("models") / "~a"
    assert expanded(NOBODYS) == Path(NOBODYS)


@pytest.mark.parametrize("engine", [WhisperRecognizer, PiperVoice])
def test_model_in_nobodys_home_is_missing(engine: type) -> None:
    with pytest.raises(ModelMissing, match="nobody-of-that-name"):
        engine(model=NOBODYS)


def test_every_path_goes_this_way() -> None:
    package = Path(avatar_app.__file__).parent
    found = {
        path.relative_to(package).as_posix()
        for path in package.rglob("*.py")
        if ".expanduser()" in path.read_text(encoding="utf-8")
    }
    assert found == {"core/home.py"}
