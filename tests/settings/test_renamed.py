"""Former names of settings, options and engines mean what they meant, and are told once each."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

import avatar_app
from avatar_app.core.errors import ConfigInvalid
from avatar_app.core.manifest import Kind
from avatar_app.runtime.registry import Registry
from avatar_app.settings import layers
from avatar_app.settings.loading import load_settings
from avatar_app.settings.renamed import (
    READ_UNTIL,
    RENAMED,
    RENAMED_OPTIONS,
    RENAMED_VALUES,
    current_name,
    current_options,
)
from avatar_app.settings.schema import setting_names
from avatar_app.settings.user_file import save_user_setting
from avatar_app.system.paths import app_paths, default_settings_file

SHIPPED = layers.read_yaml(default_settings_file()).tree


def value_of(settings: Any, dotted: str) -> Any:
    """What the settings say at a dotted name; options are a dict."""
    found = settings
    for part in dotted.split("."):
        found = found[part] if isinstance(found, dict) else getattr(found, part)
    return found


def another(dotted: str) -> Any:
    """A value that the setting may have, and has not as shipped."""
    shipped = layers.look_up(SHIPPED, tuple(dotted.split(".")))
    if isinstance(shipped, dict):
        return {"engine": "another"}
    if isinstance(shipped, str):
        return "ultrafast"
    return ["aha"] if isinstance(shipped, list) else shipped * 0.75 if shipped < 1 else shipped - 1


@pytest.fixture
def user_file() -> Path:
    path = app_paths().settings_file
    path.parent.mkdir(parents=True, exist_ok=True)
    return path


def test_former_names_map_to_existing_settings() -> None:
    levels = {name[:depth] for name in setting_names() for depth in range(1, len(name) + 1)}
    for former, present in RENAMED.items():
        assert tuple(present.split(".")) in levels
        assert tuple(former.split(".")) not in levels


def test_renamed_values_and_options_exist() -> None:
    for dotted, values in RENAMED_VALUES.items():
        for present in values.values():
            settings, notices = load_settings(environ={}, overrides={dotted: present})
            assert (value_of(settings, dotted), notices) == (present, ())
    for (kind, engine), names in RENAMED_OPTIONS.items():
        options = {option.name for option in Registry().find(Kind(kind), engine).options}
        assert set(names.values()) <= options
        assert set(names) & options <= {"voice"}


def test_former_names_are_read_for_two_releases_only() -> None:
    version = tuple(map(int, avatar_app.__version__.split(".")[:2]))
    assert version < tuple(map(int, READ_UNTIL.split("."))), "take the former names out"


@pytest.mark.parametrize(("former", "present"), RENAMED.items(), ids=str)
@pytest.mark.parametrize("where", ["file", "environment", "command line"])
def test_a_former_name_is_read_everywhere_and_reported_once(
    user_file: Path, former: str, present: str, where: str
) -> None:
    value = another(present)
    tail = ".engine" if isinstance(value, dict) else ""
    plain = value["engine"] if tail else value
    overrides = {f"{former}{tail}": plain} if where == "command line" else {}
    variable = "AVATAR_" + f"{former}{tail}".upper().replace(".", "__")
    environ = {variable: str(plain).replace("'", "")} if where == "environment" else {}
    if where == "file":
        save = layers.Layer()
        save.add(tuple(former.split(".")), value, "")
        user_file.write_text(str(save.tree))
    settings, (notice,) = load_settings(environ=environ, overrides=overrides)
    found = value_of(settings, f"{present}{tail}")
    assert (list(found) if isinstance(found, tuple) else found) == plain
    assert former in notice.message
    assert present in notice.message
    assert present in notice.hint
    paths = {"file": f"{user_file}, line 1", "environment": variable}
    assert paths.get(where, where) in notice.message


def test_within_a_layer_the_present_name_wins_and_a_later_layer_always() -> None:
    both = {"memory.soft": 0.5, "memory_limits.soft": 0.6}
    settings, (notice,) = load_settings(environ={}, overrides=both)
    assert settings.memory_limits.soft == 0.6
    assert "memory.soft" in notice.message
    environ = {"AVATAR_MEMORY_LIMITS__SOFT": "0.6"}
    settings, _ = load_settings(environ=environ, overrides={"memory.soft": 0.5})
    assert settings.memory_limits.soft == 0.5


def test_sections_by_both_names_are_joined(user_file: Path) -> None:
    user_file.write_text(
        "enhance: {engine: gfpgan, options: {strength: 0.5}}\n"
        "face_enhancement: {options: {strength: 0.75}}\n"
    )
    settings, notices = load_settings(environ={})
    assert settings.face_enhancement.engine == "gfpgan"
    assert settings.face_enhancement.options == {"strength": 0.75}
    assert len(notices) == 1


@pytest.mark.parametrize("text", ["memory:\n", "hearing: {patience: }\n", "hearing: {}\n"])
def test_a_former_section_may_be_empty(user_file: Path, text: str) -> None:
    user_file.write_text(text)
    assert load_settings(environ={}) == (load_settings(Path("nowhere"), {})[0], ())


@pytest.mark.parametrize(
    ("text", "sentence"),
    [
        ("hearing:\n  patience:\n    preroll: -1\n", "prefix_padding cannot be -1"),
        ("hearing: {patience: {prerol: 1}}\n", "setting hearing.patience.prerol "),
        ("memory: 5\n", "setting memory "),
        ("enhance: 5\n", "face_enhancement cannot be 5"),
    ],
)
def test_invalid_values_under_former_names_are_dropped(
    user_file: Path, text: str, sentence: str
) -> None:
    user_file.write_text(text + "persona: somebody\n")
    settings, notices = load_settings(environ={})
    assert settings.persona == "somebody"
    assert settings.turn_detection == load_settings(Path("nowhere"), {})[0].turn_detection
    assert any(
        sentence in notice.message and str(user_file) in notice.message for notice in notices
    )


def test_misspelled_former_name_suggests_the_present_one() -> None:
    with pytest.raises(ConfigInvalid) as caught:
        load_settings(environ={}, overrides={"memory.softt": 0.5})
    assert "memory_limits.soft" in caught.value.hint


OLD_ESPEAK = {"voice": "en-gb", "variant": "f3", "expression": 1.4}
NEW_ESPEAK = {"language": "en-gb", "voice": "f3", "expressiveness": 1.4}


@pytest.mark.parametrize(
    ("engine", "given", "meant"),
    [
        ("espeak", OLD_ESPEAK, NEW_ESPEAK),
        ("espeak", {"voice": "de"}, {"language": "de"}),
        ("espeak", {"voice": "ca-va"}, {"language": "ca-va"}),
        ("espeak", {"voice": "belinda"}, {"voice": "belinda"}),
        ("espeak", {"voice": "f1", "variant": "f3"}, {"voice": "f1"}),
        ("espeak", NEW_ESPEAK, NEW_ESPEAK),
        (
            "kokoro",
            {"emphasis": 1.5, "voice": "af_heart"},
            {"expressiveness": 1.5, "voice": "af_heart"},
        ),
        ("coqui", {"emphasis": 0.5, "voice": "p226"}, {"expressiveness": 0.5, "voice": "p226"}),
    ],
)
def test_voice_options_have_the_same_names_in_all_engines(
    engine: str, given: dict[str, Any], meant: dict[str, Any]
) -> None:
    overrides = {"tts.engine": engine} | {f"tts.options.{n}": v for n, v in given.items()}
    settings, notices = load_settings(environ={}, overrides=overrides)
    assert settings.tts.options == meant
    assert current_options("tts", engine, given) == meant
    assert len(notices) == len(given.items() - meant.items())
    Registry().find(Kind.TTS, engine).checked(settings.tts.options)


def test_espeak_voices_and_languages_are_distinguishable() -> None:
    options = {option.name: option for option in Registry().find(Kind.TTS, "espeak").options}
    for language in options["language"].values:
        assert current_options("tts", "espeak", {"voice": language}) == {"language": language}
    for voice in options["voice"].values:
        assert current_options("tts", "espeak", {"voice": voice}) == {"voice": voice}


def test_options_belong_to_the_engine_that_a_lower_layer_chose(user_file: Path) -> None:
    user_file.write_text("tts: {engine: kokoro}\n")
    environ = {"AVATAR_TTS__OPTIONS__EMPHASIS": "1.5"}
    settings, (notice,) = load_settings(environ=environ)
    assert settings.tts.options == {"expressiveness": 1.5}
    assert "AVATAR_TTS__OPTIONS__EMPHASIS" in notice.message


def test_a_users_engine_keeps_its_names() -> None:
    for engine, kind in (("espeak", "tts"), ("embedded", "dialogue")):
        (app_paths().engines / kind / engine).mkdir(parents=True)
    overrides = {"tts.options.variant": "f3", "dialogue.engine": "embedded"}
    settings, notices = load_settings(environ={}, overrides=overrides)
    assert settings.tts.options == {"variant": "f3"}
    assert settings.dialogue.engine == "embedded"
    assert notices == ()


def test_saving_an_option_preserves_the_meaning_of_former_ones(user_file: Path) -> None:
    user_file.write_text("tts: {engine: espeak, options: {voice: de, variant: f3}}  # mine\n")
    save_user_setting("tts.options.voice", "m1")
    settings, notices = load_settings(environ={})
    assert settings.tts.options == {"language": "de", "voice": "m1"}
    assert notices == ()
    assert "# mine" in user_file.read_text()


def test_a_saved_setting_takes_the_place_of_its_former_name(user_file: Path) -> None:
    user_file.write_text("memory:\n  soft: 0.5  # mine\n  hard: 0.75\n")
    save_user_setting("memory_limits.soft", 0.6)
    settings, _ = load_settings(environ={})
    assert (settings.memory_limits.soft, settings.memory_limits.hard) == (0.6, 0.75)
    assert "# mine" in user_file.read_text()


def test_other_names_are_not_renamed() -> None:
    assert current_name("memory.soft") == "memory_limits.soft"
    assert current_name("enhance.options.strength") == "face_enhancement.options.strength"
    assert current_name("window.theme") == "window.theme"
    assert current_name("enhancement") == "enhancement"
