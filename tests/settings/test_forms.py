"""Schema, documentation and manifests become fields; a new setting needs nothing else."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import Annotated

import pytest
import yaml
from pydantic import Field

from avatar_app.core.errors import ConfigInvalid
from avatar_app.core.manifest import Kind
from avatar_app.runtime.kinds import KINDS
from avatar_app.runtime.registry import Registry
from avatar_app.settings.documentation import read_help
from avatar_app.settings.forms import (
    FieldChoice,
    FieldType,
    SettingField,
    form_fields,
    search,
)
from avatar_app.settings.presentation import Effect, FormHints, Page
from avatar_app.settings.schema import Settings, WindowSettings, engine_settings, setting_names
from avatar_app.settings.store import SettingsStore
from avatar_app.system import paths

MANIFESTS = Registry().all()
HELP = read_help(paths.default_settings_file())


@pytest.fixture
def store(tmp_path: Path) -> SettingsStore:
    store = SettingsStore(tmp_path / "config.yaml", {})
    store.know_engines(MANIFESTS)
    return store


def fields_of(store: SettingsStore) -> dict[str, SettingField]:
    return {field.name: field for field in form_fields(store, HELP, MANIFESTS)}


def test_every_setting_is_a_field_with_help_but_what_the_program_keeps(
    store: SettingsStore,
) -> None:
    fields = fields_of(store)
    names = {".".join(name) for name in setting_names() if name[-1] != "options"}
    assert names - set(fields) == {
        "window.compact_geometry",
        "window.geometry",
        "window.mode",
        "window.page",
        "window.starter_offer",
        "window.first_steps",
        "window.favorite_voices",
    }
    assert [field.name for field in fields.values() if len(field.help) < 10] == []
    assert [field.name for field in fields.values() if field.page is Page.MORE] == ["log.level"]


def test_each_kind_of_engine_is_chosen_by_one_setting() -> None:
    assert sorted(engine_settings().values()) == sorted(Kind)
    assert {row.setting for row in KINDS.values()} == {".".join(name) for name in engine_settings()}


def test_types_bounds_units_and_choices_come_from_the_schema(store: SettingsStore) -> None:
    fields = fields_of(store)
    theme, days = fields["window.theme"], fields["history.days"]
    assert theme.type is FieldType.CHOICE
    assert [choice.value for choice in theme.choices] == ["system", "dark", "light"]
    assert theme.effect is Effect.AT_ONCE
    assert (days.type, days.unit, days.min, days.max, days.step) == (
        FieldType.INTEGER,
        "days",
        0,
        None,
        1,
    )
    assert days.effect is Effect.NEXT_START
    assert days.help == "Days until a stored conversation is deleted; 0 keeps it forever."
    assert fields["history.keep"].type is FieldType.BOOLEAN
    assert fields["models.folders"].type is FieldType.LIST
    assert (fields["audio.microphone"].type, fields["audio.microphone"].optional) == (
        FieldType.TEXT,
        True,
    )


def test_engines_and_their_options_come_from_the_manifests(store: SettingsStore) -> None:
    fields = fields_of(store)
    voice, speed = fields["tts.engine"], fields["tts.options.speed"]
    assert (voice.title, voice.page, voice.effect) == ("Voice", Page.VOICE, Effect.WHEN_LOADED)
    assert {"espeak", "kokoro"} <= {choice.value for choice in voice.choices}
    assert all(choice.title and choice.help for choice in voice.choices)
    assert (speed.min, speed.max, speed.step, speed.default) == (0.5, 2.0, 0.02, 1.0)
    assert not speed.modified
    store.change({"tts.engine": "kokoro", "tts.options.speed": 1.5})
    fields = fields_of(store)
    assert fields["tts.options.speed"].modified
    assert "line" in fields["tts.options.speed"].place
    kokoro = next(manifest for manifest in MANIFESTS if manifest.name == "kokoro")
    options = {name.split(".")[-1] for name in fields if name.startswith("tts.options.")}
    assert options == {option.name for option in kokoro.options}


def test_possible_values_are_suggested(store: SettingsStore) -> None:
    headset = (FieldChoice("Headset", "Headset"),)
    fields = form_fields(store, HELP, MANIFESTS, {"audio.microphone": headset})
    (microphone,) = (field for field in fields if field.name == "audio.microphone")
    assert microphone.choices == headset


def test_search_looks_at_title_name_help_and_choices(store: SettingsStore) -> None:
    fields = form_fields(store, HELP, MANIFESTS)

    def found(words: str) -> list[str]:
        return [field.name for field in search(fields, words)]

    assert found("THEME")[0] == "window.theme"
    assert "history.days" in found("stored deleted")
    assert found("turn.suchthing") == []
    assert found("kokoro")[0] == "tts.engine"
    assert "tts.options.speed" in found("voice speed")
    assert len(found("")) == len(fields)
    assert found("@modified") == []
    store.set("window.theme", "dark")
    fields = form_fields(store, HELP, MANIFESTS)
    assert found("@modified") == found("@modified window") == ["window.theme"]
    assert found("@modified history") == []


class NewWindow(WindowSettings):
    """A copy of a section with one setting more."""

    captions_size: Annotated[int, Field(ge=8, le=48), FormHints(unit="px")]


class NewSettings(Settings):
    """A copy of the schema with it."""

    window: Annotated[NewWindow, Page.APPEARANCE]


def test_a_new_setting_needs_schema_and_default_yaml_only(tmp_path: Path) -> None:
    shipped = tmp_path / "default.yaml"
    line = "  captions_size: 15  # height of the captions' letters\n"
    text = paths.default_settings_file().read_text()
    shipped.write_text(text.replace("window:\n", f"window:\n{line}"))
    user_file = tmp_path / "config.yaml"

    def opened() -> SettingsStore:
        return SettingsStore(user_file, {}, schema=NewSettings, shipped_file=shipped)

    def field(store: SettingsStore) -> SettingField:
        return search(form_fields(store, read_help(shipped)), "captions letters")[0]

    store = opened()
    shown = field(store)
    assert (shown.name, shown.title, shown.value) == ("window.captions_size", "Captions size", 15)
    assert shown.help == "Height of the captions' letters."
    assert (shown.page, shown.section, shown.unit) == (Page.APPEARANCE, "Window", "px")
    assert shown.effect is Effect.AT_ONCE
    assert (shown.type, shown.min, shown.max, shown.modified) == (FieldType.INTEGER, 8, 48, False)
    store.set(shown.name, 20)
    with pytest.raises(ConfigInvalid, match="captions_size cannot be 99"):
        store.set(shown.name, 99)
    assert yaml.safe_load(user_file.read_text()) == {"window": {"captions_size": 20}}
    again = field(opened())
    assert (again.value, again.default, again.modified) == (20, 15, True)


@pytest.mark.parametrize(
    ("text", "help_texts"),
    [
        ("a: 1  # one thing\n", {("a",): "One thing."}),
        ("# about\n# both lines\na: '#no'\n", {("a",): "About both lines."}),
        ("a:  # the section?\n  b: [1,\n    2]  # a list.\n", {("a", "b"): "A list."}),
        ("# far away\n\na: 1\n", {}),
        ("", {}),
    ],
)
def test_help_is_the_comment_beside_or_above(
    tmp_path: Path, text: str, help_texts: Mapping[tuple[str, ...], str]
) -> None:
    (tmp_path / "default.yaml").write_text(text)
    assert read_help(tmp_path / "default.yaml") == help_texts
