"""Settings are read, changed, undone and watched by name; the user's file keeps what was chosen."""

from __future__ import annotations

import threading
from pathlib import Path
from typing import Any

import pytest
import yaml

from avatar_app.core.errors import AvatarError, ConfigInvalid
from avatar_app.runtime.registry import Registry
from avatar_app.settings.loading import load_settings
from avatar_app.settings.schema import ThemeChoice
from avatar_app.settings.state import Origin
from avatar_app.settings.store import SettingsChange, SettingsStore
from avatar_app.system import paths


@pytest.fixture
def user_file() -> Path:
    path = paths.app_paths().settings_file
    path.parent.mkdir(parents=True, exist_ok=True)
    return path


@pytest.fixture
def store(user_file: Path) -> SettingsStore:
    store = SettingsStore(user_file, {})
    store.know_engines(Registry().all())
    return store


def saved(user_file: Path) -> Any:
    return load_settings(user_file, {})[0]


def test_value_reports_its_origin(user_file: Path) -> None:
    user_file.write_text("window:\n  theme: dark\npersona: a\n")
    environ = {"AVATAR_PERSONA": "b", "AVATAR_HISTORY__DAYS": "2"}
    store = SettingsStore(user_file, environ, {"history.days": 3, "tts.options.speed": 1.5})
    theme = store.find("window.theme")
    assert (theme.value, theme.default, theme.origin) == ("dark", "system", Origin.USER_FILE)
    assert theme.place == f"{user_file}, line 2"
    assert theme.modified
    assert store.find("persona").place == "the environment variable AVATAR_PERSONA"
    assert store.find("history.days").origin is Origin.COMMAND_LINE
    assert store.find("tts.options.speed").value == 1.5
    shipped = store.find("history.keep")
    assert (shipped.value, shipped.origin, shipped.modified) == (True, Origin.SHIPPED, False)


def test_options_have_the_defaults_of_their_manifest(store: SettingsStore) -> None:
    speed = store.find("tts.options.speed")
    assert (speed.value, speed.modified, speed.origin) == (1.0, False, Origin.SHIPPED)
    store.set("tts.options.speed", 1.5)
    assert store.find("tts.options.speed").modified
    store.reset("tts.options.speed")
    assert store.get("tts.options.speed") == 1.0
    assert store.settings.tts.options == {}


def test_a_link_to_the_file_stays_one(store: SettingsStore, user_file: Path) -> None:
    """As those have it who keep their settings in a folder of their own."""
    kept = user_file.with_name("kept.yaml")
    kept.write_text("", encoding="utf-8")
    user_file.unlink(missing_ok=True)
    user_file.symlink_to(kept)
    store.set("window.theme", "light")
    assert user_file.is_symlink()
    assert "light" in kept.read_text(encoding="utf-8")


def test_change_is_applied_saved_and_reported(store: SettingsStore, user_file: Path) -> None:
    changes: list[SettingsChange] = []
    end = store.subscribe(changes.append)
    store.set("window.theme", ThemeChoice.LIGHT)
    assert store.settings.window.theme is ThemeChoice.LIGHT
    assert saved(user_file) == store.settings == changes[0].settings
    assert changes[0].names == ("window.theme",)
    assert changes[0].touches("window")
    assert not changes[0].touches("win")
    assert store.set("window.theme", "light").names == ()  # nothing to change, nobody is told
    end()
    store.set("window.theme", "dark")
    assert len(changes) == 1


@pytest.mark.parametrize(
    ("name", "value", "said"),
    [
        ("window.theme", "pink", "window.theme cannot be 'pink'"),
        ("window.thema", "dark", "Did you mean window.theme?"),
        ("history.days", -1, "history.days"),
        ("window", {"theme": "dark"}, "window"),
        ("tts.engine", "nobody", "Choose "),
        ("tts.options.speed", 99, "from 0.5"),
        ("tts.options.speeed", 1, "speeed"),
        ("window.options.speed", 1, "window.options.speed"),
    ],
)
def test_a_wrong_value_changes_nothing(
    store: SettingsStore, user_file: Path, name: str, value: Any, said: str
) -> None:
    before, changes = store.settings, list[SettingsChange]()
    store.subscribe(changes.append)
    with pytest.raises(ConfigInvalid) as caught:
        store.change({"persona": "theo", name: value})
    assert said in str(caught.value)
    assert "just chosen" not in str(caught.value)
    assert store.settings is before
    assert changes == []
    assert not user_file.exists()
    assert not store.can_undo


def test_undo_and_redo_put_the_file_back_as_it_was(store: SettingsStore, user_file: Path) -> None:
    mine = "# mine\nwindow: {theme: dark}  # easy\n"
    user_file.write_text(mine)
    store = SettingsStore(user_file, {})
    store.set("window.theme", "light")
    store.set("history.days", 9)
    assert store.undo().names == ("history.days",)
    assert store.undo().names == ("window.theme",)
    assert user_file.read_text() == mine
    assert store.settings.window.theme == "dark"
    assert store.undo().names == ()
    assert store.redo().names == ("window.theme",)
    assert store.redo().names == ("history.days",)
    assert (store.get("history.days"), store.get("window.theme")) == (9, "light")
    store.undo()
    store.set("persona", "theo")
    assert not store.can_redo
    assert saved(user_file) == store.settings


def test_changes_of_one_group_are_undone_together(store: SettingsStore) -> None:
    for days in (10, 20, 30):
        store.set("history.days", days, group="drag")
    store.set("history.days", 40, group="next drag")
    store.undo()
    assert store.get("history.days") == 30
    store.undo()
    assert store.get("history.days") == 365
    store.redo()
    assert store.get("history.days") == 30


def test_window_state_is_not_undoable(store: SettingsStore) -> None:
    store.set("persona", "theo")
    store.change({"window.geometry": "abc"}, undoable=False)
    store.undo()
    assert (store.get("persona"), store.get("window.geometry")) == ("mira", "abc")


def test_another_engine_begins_with_its_own_options_and_undo_brings_them_back(
    store: SettingsStore,
) -> None:
    store.set("tts.options.speed", 1.5)
    store.change({"tts.engine": "kokoro", "tts.options.speed": 0.75})
    assert (store.settings.tts.engine, store.settings.tts.options) == ("kokoro", {"speed": 0.75})
    store.undo()
    assert (store.settings.tts.engine, store.settings.tts.options) == ("espeak", {"speed": 1.5})
    store.set("tts.engine", "kokoro")
    assert store.settings.tts.options == {}
    store.reset("tts.engine")
    assert (store.settings.tts.engine, store.settings.tts.options) == ("espeak", {})


def test_changed_setting_overrides_environment_and_command_line(user_file: Path) -> None:
    environ, overrides = {"AVATAR_PERSONA": "b"}, {"window.theme": "light"}
    store = SettingsStore(user_file, environ, overrides)
    store.change({"persona": "theo", "window.theme": "dark"})
    assert (store.settings.persona, store.settings.window.theme) == ("theo", "dark")
    assert store.find("persona").origin is Origin.SESSION
    store.undo()
    assert (store.settings.persona, store.settings.window.theme) == ("b", "light")
    store.redo()
    assert store.settings.persona == "theo"
    store.reset("persona")
    assert store.find("persona").origin is Origin.ENVIRONMENT
    assert saved(user_file).window.theme == "dark"


def test_concurrent_manual_edits_are_kept(store: SettingsStore, user_file: Path) -> None:
    store.set("persona", "theo")
    user_file.write_text(user_file.read_text() + "history: {days: 3}\n")
    store.set("window.theme", "dark")
    assert saved(user_file).history.days == store.settings.history.days == 3


@pytest.mark.parametrize("broken", ["window: [", None])
def test_unsavable_change_applies_until_exit_and_is_reported(
    user_file: Path, tmp_path: Path, broken: str | None
) -> None:
    if broken is None:
        (tmp_path / "file").touch()
        user_file = tmp_path / "file" / "config.yaml"
    else:
        user_file.write_text(broken)
    store = SettingsStore(user_file, {})
    problems: list[AvatarError | None] = []
    store.subscribe(lambda change: problems.append(change.problem))
    change = store.set("window.theme", "dark")
    assert change.problem is not None
    assert problems == [change.problem]
    assert store.settings.window.theme == "dark"
    assert store.find("window.theme").origin is Origin.SESSION
    store.undo()
    assert store.settings.window.theme == "system"
    if broken is not None:
        assert user_file.read_text() == broken


def test_invalid_entries_are_reported_once(user_file: Path) -> None:
    user_file.write_text("window: {theme: pink}\npersona: theo\n")
    store = SettingsStore(user_file, {})
    assert len(store.notices) == 1
    store.set("history.days", 7)
    assert (store.settings.persona, store.settings.history.days) == ("theo", 7)
    store.set("window.theme", "dark")
    assert saved(user_file).window.theme == "dark"


def test_former_names_are_read_and_replaced_when_their_setting_changes(user_file: Path) -> None:
    user_file.write_text(
        "# mine\nhearing:\n  vad: {engine: webrtc}\n  patience: {preroll: 0.4, longest: 2}\n"
        "tts: {options: {variant: m3, voice: de}}\n"
    )
    store = SettingsStore(user_file, {})
    store.know_engines(Registry().all())
    assert len(store.notices) == 5
    assert store.get("vad.engine") == store.get("hearing.vad.engine") == "webrtc"
    assert (store.get("tts.options.voice"), store.get("tts.options.language")) == ("m3", "de")
    store.set("turn_detection.prefix_padding", 0.3)
    store.set("tts.options.speed", 1.5)
    store.reset("vad.engine")
    assert yaml.safe_load(user_file.read_text()) == {
        "hearing": {"patience": {"longest": 2}},
        "turn_detection": {"prefix_padding": 0.3},
        "tts": {"options": {"voice": "m3", "language": "de", "speed": 1.5}},
    }
    assert user_file.read_text().startswith("# mine\n")
    assert saved(user_file) == store.settings
    while store.can_undo:
        store.undo()
    assert store.get("vad.engine") == "webrtc"
    assert store.get("turn_detection.prefix_padding") == 0.4
    assert store.get("tts.options.speed") == 1.0


def test_a_listener_may_change_settings_and_each_change_is_reported_in_order(
    store: SettingsStore,
) -> None:
    changes: list[tuple[str, ...]] = []

    def follow(change: SettingsChange) -> None:
        if change.names == ("persona",):
            store.set("history.days", 7)

    store.subscribe(follow)
    store.subscribe(lambda change: changes.append(change.names))
    store.set("persona", "theo")
    assert changes == [("persona",), ("history.days",)]


def test_raising_listener_keeps_no_change_from_the_others(
    store: SettingsStore, expected_warnings: list[str]
) -> None:
    expected_warnings.append("a listener failed")
    changes: list[tuple[str, ...]] = []

    def fail(_: SettingsChange) -> None:
        raise KeyError("a bug")

    store.subscribe(fail)
    store.subscribe(lambda change: changes.append(change.names))
    store.set("persona", "theo")
    store.set("history.days", 7)
    assert changes == [("persona",), ("history.days",)]


def test_concurrent_changes_are_not_lost(
    store: SettingsStore, user_file: Path, threads_take_turns_often: None
) -> None:
    changes: list[str] = []
    store.subscribe(lambda change: changes.extend(change.names))
    names = ["tts.options.speed", "persona", "history.days", "window.theme"]
    values: dict[str, list[Any]] = dict(
        zip(names, [[1.1, 1.2], ["a", "b"], [1, 2], ["dark", "light"]], strict=True)
    )

    def change(name: str) -> None:
        for turn in range(10):
            store.set(name, values[name][turn % 2])

    threads = [threading.Thread(target=change, args=(name,)) for name in names]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert {name: store.get(name) for name in names} == {n: v[1] for n, v in values.items()}
    assert sorted(changes) == sorted(names * 10)
    assert saved(user_file) == store.settings
    while store.can_undo:
        store.undo()
    assert store.settings == load_settings(Path("nowhere"), {})[0]
