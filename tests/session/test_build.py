"""Engines are joined as the settings say; one that cannot be had costs a notice, not the start."""

from __future__ import annotations

from pathlib import Path

import pytest

from avatar_app.core.errors import ConfigInvalid, ModelMissing
from avatar_app.core.events import Noticed, Outcome
from avatar_app.core.manifest import Kind
from avatar_app.core.turn import Turn
from avatar_app.pipeline import commands
from avatar_app.pipeline.output.chat_context import ChatContext
from avatar_app.runtime.engine_set import create_engine
from avatar_app.runtime.kinds import BUILTIN, choices
from avatar_app.runtime.loading import load_engines
from avatar_app.runtime.registry import Registry
from avatar_app.session.offline.conversation import offline_conversation
from avatar_app.session.personas import read_persona
from avatar_app.settings.loading import load_settings
from avatar_app.settings.schema import Settings
from avatar_app.system.paths import app_paths, personas

pytestmark = pytest.mark.usefixtures("user_engines_forgotten")

LIGHT = {"face.options.width": 96, "face.options.height": 64, "face.options.fps": 10}

PARROT = """
from avatar_app.core.prompt import Prompt

class Parrot:
    def __init__(self, **options):
        self.options = options

    def configure(self, **options):
        self.options |= options

    def reply(self, prompt, turn):
        turn.check()
        yield f"{self.options['prefix']} {prompt.user_text}."

    def close(self):
        self.options.clear()
"""
MANIFEST = """
name: {name}
kind: dialogue
entry: engine:Parrot
title: The parrot
summary: It says what you say.
license: MIT
isolation: {isolation}
needs: {{packages: [{packages}]}}
options:
  prefix: {{type: text, default: You said, help: What comes first.}}
"""


def add_parrot(name: str, isolation: str = "thread", packages: str = "") -> None:
    folder = app_paths().engines / "dialogue" / name
    folder.mkdir(parents=True)
    manifest = MANIFEST.format(name=name, isolation=isolation, packages=packages)
    (folder / "manifest.yaml").write_text(manifest)
    (folder / "engine.py").write_text(PARROT)


def settings_with(**overrides: object) -> Settings:
    dotted = {name.replace("__", "."): value for name, value in overrides.items()}
    settings, notices = load_settings(overrides=LIGHT | dotted)
    assert notices == ()
    return settings


def test_every_kind_has_a_choice() -> None:
    assert set(choices(settings_with())) == set(Kind) == set(BUILTIN)


def test_a_missing_engine_is_replaced_with_a_notice() -> None:
    notices: list[Noticed] = []
    engine_set = load_engines(settings_with(vad__engine="nobody"), Registry(), notices.append)
    assert engine_set.manifests[Kind.VAD].name == BUILTIN[Kind.VAD]
    assert [notice.message for notice in notices] == ["Unknown vad engine 'nobody'."]
    assert notices[0].hint.endswith("The built-in engine is used instead.")
    engine_set.close()
    assert engine_set.engines == {}


def test_invalid_options_fall_back_to_defaults() -> None:
    notices: list[Noticed] = []
    settings = settings_with(face__options__character="nobody")
    engine_set = load_engines(settings, Registry(), notices.append)
    assert engine_set.manifests[Kind.FACE].name == "illustrated"
    assert "The option character cannot be 'nobody'" in notices[0].message
    assert notices[0].hint.endswith("It is used with default options.")
    engine_set.close()


@pytest.mark.parametrize("isolation", ["thread", "process"])
def test_missing_packages_are_named(isolation: str) -> None:
    add_parrot("parrot", isolation, packages="no-such-package")
    registry = Registry()
    with pytest.raises((ConfigInvalid, ModelMissing), match="no-such-package") as caught:
        create_engine(registry, registry.find(Kind.DIALOGUE, "parrot"), {})
    assert "pip install no-such-package" in caught.value.hint


@pytest.mark.parametrize("isolation", ["thread", "process"])
def test_user_engine_replaces_a_builtin_one(isolation: str) -> None:
    add_parrot("builtin", isolation)
    notices: list[Noticed] = []
    settings = settings_with(dialogue__options__prefix="I heard")
    with offline_conversation(settings, app_paths(), notices.append) as offline:
        offline.conversation.send(commands.TextTyped("polly"))
        for _ in range(1500):
            offline.devices.step()
            if offline.ended:
                break
        (turn,) = offline.ended
    assert notices == []
    assert turn.heard_text == "I heard polly."
    assert turn.outcome is Outcome.FINISHED
    assert turn.pictures.shown > 5


@pytest.mark.parametrize("isolation", ["thread", "process"])
def test_engines_of_another_data_folder_load_in_a_process(isolation: str, tmp_path: Path) -> None:
    add_parrot("parrot", isolation)
    elsewhere = tmp_path / "elsewhere"
    (app_paths().engines).rename(elsewhere)
    registry = Registry(user=elsewhere)
    parrot = create_engine(registry, registry.find(Kind.DIALOGUE, "parrot"), {"prefix": "I heard"})
    answer = list(parrot.reply(ChatContext().prompt("polly"), Turn(1)))
    parrot.close()
    assert answer == ["I heard polly."]


def test_a_failed_assembly_closes_everything() -> None:
    """The fixtures of all tests see what is left."""
    settings = settings_with(persona="nobody")
    with (
        pytest.raises(ConfigInvalid, match="Unknown persona 'nobody'"),
        offline_conversation(settings, app_paths(), lambda _notice: None),
    ):
        raise AssertionError("it began")


def test_shipped_personas_can_be_read() -> None:
    for path in personas().glob("*.yaml"):
        persona = read_persona(path.stem)
        assert persona.name
        assert persona.system
        assert persona.greeting


def test_a_broken_persona_is_reported(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("avatar_app.system.paths.personas", lambda: tmp_path)
    for number, text in enumerate(("name: [", "name: X", "- a list")):
        (tmp_path / f"p{number}.yaml").write_text(text)
        with pytest.raises(ConfigInvalid, match="cannot be read"):
            read_persona(f"p{number}")
