"""Settings go into a file and come out of it: all or nothing, and undone in one step."""

from __future__ import annotations

from pathlib import Path

import pytest

from avatar_app.core.errors import AvatarError, ConfigInvalid
from avatar_app.runtime.registry import Registry
from avatar_app.settings.exchange import export_settings, import_settings
from avatar_app.settings.forms import form_fields
from avatar_app.settings.store import SettingsStore

MANIFESTS = Registry().all()
CHOSEN = {
    "face.options.character": "theo",
    "tts.engine": "kokoro",
    "tts.options.speed": 1.25,
    "ui.font_scale": 1.2,
}


def opened(folder: Path) -> SettingsStore:
    folder.mkdir()
    store = SettingsStore(folder / "config.yaml", {})
    store.know_engines(MANIFESTS)
    return store


def test_another_computer_takes_over_what_was_changed(tmp_path: Path) -> None:
    here, there = opened(tmp_path / "here"), opened(tmp_path / "there")
    here.change({**CHOSEN, "window.geometry": "of this screen"})
    file = tmp_path / "mine.yaml"
    assert export_settings(form_fields(here, {}, MANIFESTS), file) == len(CHOSEN)
    assert "geometry" not in file.read_text(encoding="utf-8")
    there.change({"history.days": 7})
    change = import_settings(there, file)
    assert set(CHOSEN) <= set(change.names)
    assert {name: there.get(name) for name in CHOSEN} == CHOSEN
    assert there.get("history.days") == 7
    there.undo()
    assert there.get("face.options.character") != "theo"
    assert there.get("tts.engine") != "kokoro"
    assert there.get("history.days") == 7


@pytest.mark.parametrize(
    "text",
    ["", "window: {theme: dark}\nnobody: 1\n", "window: {theme: purple}\n", "a: [", "\x00\x01"],
)
def test_a_wrong_file_changes_nothing(tmp_path: Path, text: str) -> None:
    store, file = opened(tmp_path / "here"), tmp_path / "other.yaml"
    file.write_text(text, encoding="utf-8")
    with pytest.raises(ConfigInvalid):
        import_settings(store, file)
    assert store.get("window.theme") == "system"
    with pytest.raises(ConfigInvalid):
        import_settings(store, tmp_path / "missing.yaml")


def test_a_place_that_cannot_be_written_is_reported(tmp_path: Path) -> None:
    store = opened(tmp_path / "here")
    store.create_file()
    with pytest.raises(AvatarError):
        export_settings(form_fields(store, {}, MANIFESTS), tmp_path / "here" / "config.yaml" / "x")
