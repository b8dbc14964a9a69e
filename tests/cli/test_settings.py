"""The command line's `settings` reads and changes what the window shows."""

from __future__ import annotations

import pytest
from terminal import typed

from avatar_app.cli.settings import settings
from avatar_app.core.errors import ConfigInvalid
from avatar_app.settings.loading import load_settings
from avatar_app.settings.schema import setting_names
from avatar_app.system.paths import app_paths

WRITTEN_BY_THE_PROGRAM = {
    "options",
    "compact_geometry",
    "geometry",
    "mode",
    "page",
    "starter_offer",
    "first_steps",
    "favorite_voices",
}
"""Last parts of names that no form shows; options have fields of their own."""


def invoke(*arguments: object) -> str:
    return " ".join(typed(settings, *arguments).output.split())


def test_a_setting_is_read_changed_found_and_reset() -> None:
    assert invoke("get", "tts.options.speed") == "1.0"
    assert invoke("set", "tts.options.speed", "1.25") == "tts.options.speed is 1.25."
    assert invoke("set", "audio.microphone", "null") == "audio.microphone is null."
    assert load_settings()[0].tts.options == {"speed": 1.25}
    changed = invoke("list", "@modified")
    assert "tts.options.speed" in changed
    assert "window.theme" not in changed
    assert "window.theme" in invoke("list", "dark")
    assert "[mm-hm, mhm" in invoke("list", "backchannels").replace("mm- hm", "mm-hm")
    assert invoke("reset", "tts.options.speed") == "tts.options.speed is 1.0."
    assert "speed" not in app_paths().settings_file.read_text()


def test_invalid_names_and_values_change_nothing() -> None:
    with pytest.raises(ConfigInvalid, match="cannot be 'pink'"):
        invoke("set", "window.theme", "pink")
    with pytest.raises(ConfigInvalid, match="Unknown setting") as caught:
        invoke("get", "window.thema")
    assert caught.value.hint == "Did you mean window.theme?"
    assert not app_paths().settings_file.exists()


def test_the_documentation_has_every_setting_as_shipped() -> None:
    app_paths().settings_file.parent.mkdir(parents=True, exist_ok=True)
    app_paths().settings_file.write_text("window: {theme: dark}\n")
    text = typed(settings, "docs").output
    for name in setting_names():
        if name[-1] not in WRITTEN_BY_THE_PROGRAM:
            assert f"| `{'.'.join(name)}` |" in text
    assert "| `system` | system, dark, light | at once |" in text
    assert "number from 0.5 to 2" in text
