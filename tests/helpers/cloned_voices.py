"""A voice that was cloned with consent, nobody's real keyring, and engines of users."""

from __future__ import annotations

import shutil
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import TYPE_CHECKING

import pytest

if TYPE_CHECKING:
    from avatar_app.voices.library import ClonedVoice


@pytest.fixture
def no_keyring() -> Iterator[None]:
    """No test meets the keyring of who runs it."""
    from keyring.backends.fail import Keyring
    from keyrings import keyring_in_use

    with keyring_in_use(Keyring()):
        yield


@pytest.fixture
def user_engines_forgotten() -> Iterator[None]:
    """What a test imported from a user's folder of engines is imported anew by the next one."""
    yield
    for name in [name for name in sys.modules if name.startswith("avatar_app_user_engine")]:
        del sys.modules[name]


@pytest.fixture
def always_drawn(monkeypatch: pytest.MonkeyPatch) -> None:
    """The sentence that is drawn is DRAWN, so that it is spoken once for all tests."""
    from cloning import DRAWN

    from avatar_app.voices import cloning

    monkeypatch.setattr(cloning, "draw", lambda: DRAWN)


@pytest.fixture(scope="session")
def made_once(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Where the first test that needs a cloned voice leaves it for the others."""
    return tmp_path_factory.mktemp("made") / "user"


@pytest.fixture
def voice(no_keyring: None, always_drawn: None, made_once: Path, tmp_path: Path) -> ClonedVoice:
    """A cloned voice of the test's own user."""
    from cloning import NAME, cloned

    from avatar_app.system.paths import app_paths
    from avatar_app.voices.library import VoiceLibrary, open_voice

    root = app_paths().data
    if made_once.exists():
        shutil.copytree(made_once, root, dirs_exist_ok=True)
    else:
        cloned(tmp_path)
        shutil.copytree(root, made_once)
    return open_voice(VoiceLibrary.of(app_paths()).folder(NAME), app_paths())
