"""Personas are read, edited and chosen with face and voice in one step that can be undone."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

from avatar_app.core.errors import ConfigInvalid
from avatar_app.core.events import Noticed
from avatar_app.pipeline import commands
from avatar_app.runtime.registry import Registry
from avatar_app.session.persona_choices import PersonaChoices
from avatar_app.session.personas import (
    LONGEST_SYSTEM,
    Persona,
    PersonaLibrary,
    own_personas,
    translated_into,
)
from avatar_app.session.spoken_language import spoken_language
from avatar_app.settings.loading import load_settings
from avatar_app.settings.schema import EngineChoice, LanguageChoice
from avatar_app.settings.store import SettingsStore
from avatar_app.system.paths import app_paths, personas

ADA = Persona("ada", "You are Ada.\nBe brief: “yes” or no.", "Hi.", "Ada, briefly", "mira")


@pytest.fixture
def library(tmp_path: Path) -> PersonaLibrary:
    return PersonaLibrary(tmp_path / "personas")


def test_shipped_personas_name_face_and_voices(library: PersonaLibrary) -> None:
    assert library.names() == ("butler", "mira", "professor")
    manifest = Registry().find("tts", "espeak")
    (voice,) = [option for option in manifest.options if option.name == "voice"]
    for persona in library.all():
        assert not persona.own
        assert persona.title != persona.name
        assert persona.character in ("mira", "theo", "pip")
        assert persona.voices["espeak"] in voice.values


def test_shipped_personas_are_translated_into_every_language_of_the_window(
    library: PersonaLibrary,
) -> None:
    languages = {choice.value for choice in LanguageChoice} - {LanguageChoice.AUTO.value}
    assert set(translated_into()) == languages
    for language in languages - {"en"}:
        files = {path.stem for path in (personas() / language).iterdir()}
        assert files == set(library.names())
        for english, translated in zip(library.all(), library.all(language), strict=True):
            assert translated.name == english.name
            for text in ("title", "greeting", "system"):
                assert getattr(translated, text) not in ("", getattr(english, text))
            assert len(translated.system) <= LONGEST_SYSTEM
            assert (translated.character, translated.voices) == (english.character, english.voices)


def test_what_the_user_wrote_is_shown_in_every_language(library: PersonaLibrary) -> None:
    saved = library.save(replace(library.read("mira", "de"), greeting="Na?"))
    assert saved.title == "Mira, eine gute Gesellschafterin"
    assert library.read("mira", "fr") == saved
    assert library.read("butler", "xx") == library.read("butler")


@pytest.mark.parametrize(
    ("overrides", "language"),
    [
        ({}, "en"),
        ({"window.language": "de"}, "en"),  # a voice reads what it can
        ({"tts.options.language": "de"}, "de"),
        ({"tts.options.language": "es-419", "window.language": "de"}, "es"),
        ({"tts.options.language": "cmn"}, "zh"),
        ({"tts.options.language": "fi"}, "en"),
        ({"tts.engine": "kokoro"}, "en"),  # not installed
        ({"tts.engine": "unheard-of"}, "en"),
    ],
)
def test_avatar_speaks_the_language_of_its_voice(overrides: dict[str, str], language: str) -> None:
    settings, _ = load_settings(overrides=overrides)
    assert spoken_language(settings, Registry()) == language


def test_voice_of_several_languages_speaks_the_chosen_one(monkeypatch: pytest.MonkeyPatch) -> None:
    several = ("en", "fr", "cmn")
    monkeypatch.setattr("avatar_app.session.spoken_language.spoken_languages", lambda *_: several)
    for window, spoken in (("fr", "fr"), ("zh", "zh"), ("de", "en"), ("auto", "en")):
        settings, _ = load_settings(overrides={"window.language": window})
        assert spoken_language(settings, Registry()) == spoken


def test_persona_file_round_trips(library: PersonaLibrary) -> None:
    saved = library.save(replace(ADA, voices={"espeak": "f3"}))
    assert saved.own
    assert PersonaLibrary(library._folder).read("ada") == saved
    assert saved.system == ADA.system
    assert library.names()[-1] == "ada"
    library.delete("ada")
    library.delete("ada")
    assert "ada" not in library.names()


def test_deleted_persona_comes_back_beside_a_new_one_of_its_name(library: PersonaLibrary) -> None:
    deleted = library.save(ADA)
    library.delete("ada")
    newer = library.save(replace(ADA, greeting="Another one."))
    restored = library.restore(deleted)
    assert restored.name != "ada"
    assert restored == replace(deleted, name=restored.name)
    assert library.read("ada") == newer
    library.delete("ada")
    assert library.restore(deleted) == deleted


def test_deleting_an_edited_shipped_persona_restores_it(library: PersonaLibrary) -> None:
    shipped = library.read("mira")
    library.save(replace(shipped, greeting="Hey."))
    assert library.read("mira").greeting == "Hey."
    assert library.names().count("mira") == 1
    library.delete("mira")
    assert library.read("mira") == shipped


def test_an_invalid_persona_is_reported_and_changes_nothing(library: PersonaLibrary) -> None:
    with pytest.raises(ConfigInvalid, match="cannot be called"):
        library.save(replace(ADA, name="../ada"))
    with pytest.raises(ConfigInvalid, match="more than"):
        library.save(replace(ADA, system="x" * (LONGEST_SYSTEM + 1)))
    with pytest.raises(ConfigInvalid, match="Unknown persona 'ada'") as caught:
        library.read("ada")
    assert "butler" in caught.value.hint
    library._folder.mkdir()
    (library._folder / "odd.yaml").write_text("system: [")
    with pytest.raises(ConfigInvalid, match="cannot be read"):
        library.read("odd")
    (library._folder / "latin.yaml").write_bytes("system: Grüße".encode("latin-1"))
    with pytest.raises(ConfigInvalid, match="not UTF-8"):
        library.read("latin")
    for name in ("x" * 300, "a\0b"):
        with pytest.raises(ConfigInvalid):
            library.read(name)
    assert [each.name for each in library.all()] == ["butler", "mira", "professor"]


def test_persona_names_are_derived_from_titles(library: PersonaLibrary) -> None:
    assert library.free_name("Ada Lovelace") == "ada-lovelace"
    assert library.free_name("Mira") == "mira-2"
    assert library.free_name("小明") == "persona"


class Chosen:
    """Choices on real settings; orders and notices are noted."""

    def __init__(self) -> None:
        self.orders: list[commands.Command] = []
        self.notices: list[Noticed] = []
        self.settings = SettingsStore(app_paths().settings_file, {})
        registry = Registry()
        self.settings.know_engines(registry.all())
        self.library = own_personas(app_paths().config)
        self.personas = PersonaChoices(
            self.library,
            self.settings,
            self._face,
            self.orders.append,
            self.notices.append,
            lambda settings: spoken_language(settings, registry),
        )
        self.settings.subscribe(lambda change: self.personas.follow(change.settings))

    def _face(self, character: str, face: EngineChoice) -> dict[str, Any]:
        assert face.engine == "illustrated"
        return {"face.options.character": character} if character != "nobody" else {}

    def shown(self) -> tuple[Any, ...]:
        names = ("persona", "face.options.character", "tts.options.voice")
        return tuple(self.settings.get(name) for name in names)


def test_choosing_a_persona_is_one_undo_step() -> None:
    chosen = Chosen()
    before = chosen.shown()
    chosen.personas.use("professor")
    assert chosen.shown() == ("professor", "theo", "m3")
    professor = chosen.library.read("professor")
    assert chosen.orders == [commands.BecomePersona(professor.system)]
    chosen.settings.undo()
    assert chosen.shown() == before
    assert chosen.orders[-1] == commands.BecomePersona(chosen.library.read("mira").system)


def test_settings_not_named_by_a_persona_are_unchanged() -> None:
    chosen = Chosen()
    before = chosen.shown()
    chosen.library.save(replace(ADA, character="nobody", voices={"kokoro": "af_heart"}))
    chosen.personas.use("ada")
    assert chosen.shown() == ("ada", *before[1:])


def test_persona_follows_the_language_of_the_voice() -> None:
    chosen = Chosen()
    assert chosen.personas.current().greeting == chosen.library.read("mira").greeting
    chosen.settings.change({"tts.options.language": "de"})
    german = chosen.library.read("mira", "de")
    assert chosen.personas.current() == german
    assert chosen.orders == [commands.BecomePersona(german.system)]
    chosen.settings.undo()
    assert chosen.orders[-1] == commands.BecomePersona(chosen.library.read("mira").system)


def test_editing_the_current_persona_applies_from_the_next_answer() -> None:
    chosen = Chosen()
    mira = chosen.personas.current()
    chosen.personas.save(replace(mira, greeting="Hey."))
    assert chosen.orders == []  # a model reads no greeting
    chosen.personas.save(replace(mira, system="You are curt."))
    assert chosen.orders == [commands.BecomePersona("You are curt.")]
    chosen.personas.delete("mira")
    assert chosen.orders[-1] == commands.BecomePersona(mira.system)


def test_deleting_the_current_persona_selects_the_default() -> None:
    chosen = Chosen()
    made = chosen.personas.duplicate("butler", "Jeeves", "fr")
    assert made.greeting == "À votre service."
    assert (made.name, made.title, made.own) == ("jeeves", "Jeeves", True)
    chosen.personas.use("jeeves")
    chosen.personas.delete("jeeves")
    assert chosen.shown()[0] == "mira"
    assert chosen.notices == []


def test_current_face_and_voice_are_saved_into_a_persona() -> None:
    chosen = Chosen()
    chosen.settings.change({"tts.options.voice": "f4"})
    taken = chosen.personas.with_present_looks(chosen.personas.current(), "theo")
    assert (taken.character, taken.voices["espeak"]) == ("theo", "f4")
    assert taken.voices["kokoro"] == "af_heart"  # of an engine that is not in use
