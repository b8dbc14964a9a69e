"""Settings are layered, checked once, explained when wrong, and saved without loss."""

from __future__ import annotations

import os
import re
import stat
from dataclasses import asdict, fields
from pathlib import Path
from typing import Any

import pytest
import yaml
from hypothesis import given
from hypothesis import strategies as st
from pydantic import ValidationError

from avatar_app.core.errors import AvatarError, ConfigInvalid
from avatar_app.core.manifest import Kind
from avatar_app.pipeline.input.turn_detection import TurnDetectionOptions
from avatar_app.runtime.registry import Registry
from avatar_app.settings import layers
from avatar_app.settings.layers import look_up
from avatar_app.settings.loading import load_settings, parse_overrides, read_layers
from avatar_app.settings.schema import Settings, setting_names
from avatar_app.settings.user_file import (
    save_user_setting,
    with_setting,
    without_setting,
    write_atomically,
)
from avatar_app.system import paths


@pytest.fixture
def user_file() -> Path:
    path = paths.app_paths().settings_file
    path.parent.mkdir(parents=True, exist_ok=True)
    return path


def test_shipped_settings_are_complete_and_valid() -> None:
    settings, notices = load_settings(environ={})
    assert isinstance(settings, Settings)
    assert notices == ()
    shipped = layers.read_yaml(paths.default_settings_file())
    for name in setting_names():
        assert layers.has(shipped.tree, name), name


def test_every_shipped_setting_is_documented_on_its_line_or_above() -> None:
    lines = paths.default_settings_file().read_text().splitlines()
    shipped = layers.read_yaml(paths.default_settings_file())
    for name in setting_names():
        number = int(shipped.written[name].rsplit(" ", 1)[1])
        line, above = lines[number - 1], lines[number - 2].strip()
        assert re.search(r"# \w.{10,}", line) or above.startswith("# "), ".".join(name)


def test_shipped_turn_detection_equals_the_measured_one() -> None:
    settings, _ = load_settings(environ={})
    shipped = settings.turn_detection.model_dump(exclude={"backchannels"})
    assert set(shipped) == {field.name for field in fields(TurnDetectionOptions)}
    assert shipped == asdict(TurnDetectionOptions())


def test_the_shipped_engines_exist() -> None:
    settings, _ = load_settings(environ={})
    chosen = {
        Kind.AEC: settings.audio.aec,
        Kind.VAD: settings.vad,
        Kind.TURN: settings.turn,
        Kind.WAKE: settings.wake,
        Kind.ASR: settings.asr,
        Kind.DIALOGUE: settings.dialogue,
        Kind.TTS: settings.tts,
        Kind.FACE: settings.face,
        Kind.ENHANCE: settings.face_enhancement,
        Kind.IMAGE: settings.studio.image,
        Kind.VIDEO: settings.studio.video,
        Kind.ANIMATE: settings.studio.animate,
        Kind.VERIFY: settings.studio.verify,
        Kind.RENDERER: settings.studio.renderer,
    }
    assert set(chosen) == set(Kind)
    registry = Registry()
    for kind, choice in chosen.items():
        registry.find(kind, choice.engine).checked(choice.options)


def test_the_shipped_persona_exists() -> None:
    settings, _ = load_settings(environ={})
    assert (paths.personas() / f"{settings.persona}.yaml").is_file()


def test_later_layers_win(user_file: Path) -> None:
    user_file.write_text("persona: a\nwindow: {theme: dark}\nhistory: {days: 1}\nlog:\n")
    environ = {"AVATAR_PERSONA": "b", "AVATAR_HISTORY__DAYS": "2"}
    settings, notices = load_settings(environ=environ, overrides={"history.days": 3})
    assert (settings.window.theme, settings.persona, settings.history.days) == ("dark", "b", 3)
    assert settings.history.keep is True
    assert notices == ()


def test_values_from_the_environment_get_their_types() -> None:
    environ = {
        "AVATAR_AUDIO__MICROPHONE": "null",
        "AVATAR_AUDIO__SPEAKER": "7",
        "AVATAR_HISTORY__KEEP": "false",
        "AVATAR_TTS__OPTIONS__SPEED": "1.5",
        "AVATAR_TURN_DETECTION__BACKCHANNELS": "[aha, genau]",
        "AVATAR_DATA_DIR": "/somewhere",
        "HOME": "/home/somebody",
    }
    settings, notices = load_settings(environ=environ)
    assert notices == ()
    assert (settings.audio.microphone, settings.audio.speaker) == (None, "7")
    assert settings.history.keep is False
    assert settings.tts.options == {"speed": 1.5}
    assert settings.turn_detection.backchannels == ("aha", "genau")


def test_options_belong_to_their_engine(user_file: Path) -> None:
    user_file.write_text("tts: {engine: kokoro, options: {voice: af_heart}}\n")
    same, _ = load_settings(environ={"AVATAR_TTS__OPTIONS__SPEED": "2"})
    assert same.tts.options == {"voice": "af_heart", "speed": 2}
    other, _ = load_settings(environ={}, overrides={"tts.engine": "espeak"})
    assert other.tts.options == {}


@pytest.mark.parametrize(
    ("text", "place", "hint"),
    [
        ("window:\n  theme: pink\n", "line 2", "default.yaml"),
        ("window:\n  them: dark\n", "line 2", "Did you mean window.theme?"),
        ("# c\n\nfaces: {engine: x}\n", "line 3", "Did you mean face"),
        ("history: 5\n", "line 1", "default.yaml"),
        ("turn_detection:\n  prefix_padding: -1\n", "line 2", "default.yaml"),
        ("turn_detection: {prefix_padding: .inf}\n", "line 1", "default.yaml"),
        ("turn_detection:\n  backchannels: [yes, [no]]\n", "line 2", "default.yaml"),
        ("history: {days: many}\n", "line 1", "default.yaml"),
    ],
)
def test_invalid_entry_is_named_and_ignored(
    user_file: Path, text: str, place: str, hint: str
) -> None:
    user_file.write_text(text + "persona: somebody\n")
    settings, (notice,) = load_settings(environ={})
    assert settings.persona == "somebody"
    assert str(user_file) in notice.message
    assert place in notice.message
    assert hint in notice.hint
    assert user_file.read_text() == text + "persona: somebody\n"


@pytest.mark.parametrize(
    ("content", "place"),
    [
        (b"window:\n  theme: [dark\n", "line 3"),
        (b"window:\n\ttheme: dark\n", "line 2"),
        (b"- a list\n", ""),
        (b"just a word", ""),
        (b"\xff\xfe\x00broken", ""),
        (b"a: !!python/object:os.system x\n", "line 1"),
        (b"a: *nothing\n", "line 1"),
        (b"? {a: b}\n: c\n", ""),
    ],
)
def test_a_broken_file_is_named_and_left_alone(user_file: Path, content: bytes, place: str) -> None:
    user_file.write_bytes(content)
    settings, notices = load_settings(environ={})
    assert settings == load_settings(Path("nowhere"), {})[0]
    assert str(user_file) in notices[0].message
    assert place in notices[0].message
    with pytest.raises(ConfigInvalid):
        save_user_setting("window.theme", "dark")
    assert user_file.read_bytes() == content


@pytest.mark.parametrize("code", ["utf-8", "utf-8-sig", "utf-16", "utf-16-le", "utf-16-be"])
@pytest.mark.parametrize("end", ["\n", "\r\n", "\r"])
def test_settings_file_may_have_bom_and_crlf(user_file: Path, code: str, end: str) -> None:
    marked = "\ufeff" if code[-2:] in ("le", "be") else ""
    text = marked + f"persona: Grüße{end}history:{end}  days: 5{end}"
    user_file.write_bytes(text.encode(code))
    settings, notices = load_settings(user_file=user_file, environ={})
    assert (settings.persona, settings.history.days, notices) == ("Grüße", 5, ())
    save_user_setting("history.days", 7, user_file)
    assert user_file.read_text(encoding="utf-8").splitlines() == [
        "persona: Grüße", "history:", "  days: 7"
    ]  # fmt: skip


def test_file_in_another_encoding_is_reported_with_its_line(user_file: Path) -> None:
    user_file.write_bytes("persona: mira\n# Grüße\n".encode("latin-1"))
    _, notices = load_settings(user_file=user_file, environ={})
    assert "line 2 cannot be read: it is not UTF-8" in notices[0].message


def test_an_unreadable_file_is_named(user_file: Path) -> None:
    user_file.mkdir()
    _, (notice,) = load_settings(environ={})
    assert "cannot be read" in notice.message


def test_a_wrong_variable_is_named_and_left_out() -> None:
    environ = {"AVATAR_LOG__LEVEL": "loud", "AVATAR_HOME": "x", "AVATAR_PERSONA": "someone"}
    settings, notices = load_settings(environ=environ)
    assert settings.persona == "someone"
    assert sorted(re.findall(r"AVATAR_\w+", str(notices))) == ["AVATAR_HOME", "AVATAR_LOG__LEVEL"]


def test_a_variable_that_is_broken_yaml_is_named() -> None:
    _, (notice,) = load_settings(environ={"AVATAR_PERSONA": "'a"})
    assert "AVATAR_PERSONA" in notice.message


@pytest.mark.parametrize(
    "overrides", [{"window.theme": "pink"}, {"window.thema": "dark"}, {"window": 3}, {"": 1}]
)
def test_invalid_command_line_values_are_errors(overrides: dict[str, Any]) -> None:
    with pytest.raises(ConfigInvalid, match="command line") as caught:
        load_settings(environ={}, overrides=overrides)
    assert caught.value.hint


def test_command_line_assignments_are_parsed() -> None:
    assert parse_overrides(["history.days=3", "persona=a=b"]) == {
        "history.days": 3,
        "persona": "a=b",
    }
    with pytest.raises(ConfigInvalid, match="is not an assignment"):
        parse_overrides(["history.days"])


@pytest.mark.parametrize(
    ("assignment", "value"),
    [
        ("audio.microphone=[USB] Headset [/1]", "[USB] Headset [/1]"),
        ("audio.microphone=[USB]", "[USB]"),
        ("audio.microphone={USB} box", "{USB} box"),
        ("audio.microphone=#2: loud # very", "#2: loud # very"),
        ("audio.microphone=USB #2", "USB #2"),
        ("audio.microphone=2", "2"),
        ("audio.microphone=*hw:0", "*hw:0"),
        ("audio.microphone='2'", "2"),
        ("audio.microphone=null", None),
        ("audio.microphone=", None),
        ("tts.options.model=[final].onnx", "[final].onnx"),
        ("tts.options.model=[final]", "[final]"),
        ("face.options.background=#101418", "#101418"),
        ("tts.options.speed=1.5", 1.5),
        ("turn_detection.backchannels=[yes, no]", [True, False]),
        ('turn_detection.backchannels=["yes", "mm-hm"]', ["yes", "mm-hm"]),
        ("window.transcript=false", False),
    ],
)
def test_names_with_brackets_and_marks_are_read_as_they_are(assignment: str, value: Any) -> None:
    name, _, text = assignment.partition("=")
    assert parse_overrides([assignment]) == {name: value}
    variable = "AVATAR_" + name.upper().replace(".", "__")
    layers, notices = read_layers(environ={variable: text})
    assert notices == []
    assert look_up(layers[2].tree, tuple(name.split("."))) == value


def test_settings_are_frozen() -> None:
    settings, _ = load_settings(environ={})
    with pytest.raises(ValidationError, match="frozen"):
        settings.window.transcript = True  # type: ignore[misc]


def test_saved_setting_is_read_again_and_the_rest_is_kept(user_file: Path) -> None:
    user_file.write_text(
        "# mine\nwindow:\n  theme: dark  # easy on the eyes\n\nhistory: {days: 9}\n"
    )
    save_user_setting("window.theme", "light")
    save_user_setting("face.options.character", "mira")
    save_user_setting("turn_detection.backchannels", ("yes", "no"))
    settings, notices = load_settings(environ={})
    assert notices == ()
    assert settings.window.theme == "light"
    assert settings.history.days == 9
    assert settings.face.options == {"character": "mira"}
    assert settings.turn_detection.backchannels == ("yes", "no")
    assert (
        "# mine\nwindow:\n  theme: light  # easy on the eyes\n\nhistory:" in user_file.read_text()
    )
    assert [file.name for file in user_file.parent.iterdir()] == [user_file.name]


def test_the_first_saved_setting_creates_the_file(user_file: Path) -> None:
    user_file.parent.rmdir()
    save_user_setting("window.geometry", "AdnQywADAAA=")
    assert load_settings(environ={})[0].window.geometry == "AdnQywADAAA="


def test_another_engine_begins_with_its_own_options(user_file: Path) -> None:
    user_file.write_text("tts:\n  engine: kokoro\n  options:\n    voice: af_heart\n")
    save_user_setting("tts.engine", "espeak")
    assert yaml.safe_load(user_file.read_text())["tts"] == {"engine": "espeak", "options": {}}


@pytest.mark.parametrize(
    ("name", "value"), [("window.theme", "pink"), ("window.color", "red"), ("history", 3)]
)
def test_a_wrong_setting_is_not_saved(user_file: Path, name: str, value: Any) -> None:
    with pytest.raises(ConfigInvalid):
        save_user_setting(name, value)
    assert not user_file.exists()


def test_failed_write_keeps_the_old_file(user_file: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    user_file.write_text("persona: a\n")

    def full(_: int) -> None:
        raise OSError(28, "No space left on device")

    monkeypatch.setattr(os, "fsync", full)
    with pytest.raises(AvatarError, match="No space left"):
        save_user_setting("persona", "b")
    assert user_file.read_text() == "persona: a\n"
    assert [file.name for file in user_file.parent.iterdir()] == [user_file.name]


def test_a_folder_that_cannot_be_made_is_named(tmp_path: Path) -> None:
    (tmp_path / "file").write_text("in the way")
    with pytest.raises(AvatarError, match="could not be saved"):
        write_atomically(tmp_path / "file" / "config.yaml", "a: 1\n")


def test_the_users_file_is_private(user_file: Path) -> None:
    save_user_setting("persona", "b")
    assert stat.S_IMODE(user_file.stat().st_mode) == 0o600


SCALARS = st.one_of(
    st.none(), st.booleans(), st.integers(-5, 5), st.sampled_from(["a b", "x: y", "# no", "", "ä"])
)
KEYS = st.sampled_from(["a", "b", "window"])
TREES = st.dictionaries(
    KEYS,
    st.recursive(
        SCALARS,
        lambda below: st.lists(below, max_size=2) | st.dictionaries(KEYS, below, max_size=3),
        max_leaves=6,
    ),
    max_size=3,
)


@given(
    tree=TREES,
    name=st.lists(KEYS, min_size=1, max_size=3).map(tuple),
    value=SCALARS,
    flow=st.sampled_from([None, True, False]),
    comment=st.sampled_from(["", "# about\n"]),
)
def test_arbitrary_yaml_is_edited_correctly(
    tree: dict[str, Any], name: tuple[str, ...], value: Any, *, flow: bool | None, comment: str
) -> None:
    text = comment + yaml.safe_dump(tree, default_flow_style=flow)
    edited = with_setting(text, name, value)
    wanted = layers.Layer(yaml.safe_load(text) or {})
    wanted.add(name, value, "")
    assert yaml.safe_load(edited) == wanted.tree
    without = yaml.safe_load(without_setting(edited, name)) or {}
    assert not layers.has(without, name)
    stored = yaml.safe_load(text) or {}
    if not layers.has(stored, name[:1]):
        assert without == stored


@pytest.mark.parametrize(
    ("text", "name", "left"),
    [
        ("# a\nw:\n  t: dark  # c\n  # keep\n  s: 1 # x\n\nh: {d: 9}\n", "w.t", 3),
        ("# a\nw:\n  t: dark  # c\n\nh: {d: 9}\n", "w.t", "# a\n\nh: {d: 9}\n"),
        ("h: {d: 9, k: 1}\n", "h.d", "h: {k: 1}\n"),
        ("h: {d: 9, k: 1}\n", "h.k", "h: {d: 9}\n"),
        ("a: {b: {c: 1}}", "a.b.c", ""),
        ("o:\n  v: x\n  s: [1,\n    2]  # c\n# end\n", "o.s", "o:\n  v: x\n# end\n"),
        ("a: &x {k: 1}\nb: *x\n", "b.k", "a:\n  k: 1\n"),
        ("a: 1\n", "b.c", "a: 1\n"),
    ],
)
def test_removed_entry_leaves_the_rest_unchanged(text: str, name: str, left: str | int) -> None:
    if isinstance(left, int):  # all lines but one
        lines = text.splitlines(keepends=True)
        left = "".join(lines[: left - 1] + lines[left:])
    assert without_setting(text, tuple(name.split("."))) == left
