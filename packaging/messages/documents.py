"""Finds the texts in YAML files and the settings' schema: titles, help, summaries."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

from avatar_app.core.manifest import Manifest
from avatar_app.models.catalog import CATALOG, read_catalog
from avatar_app.runtime.registry import Registry
from avatar_app.settings.documentation import read_help
from avatar_app.settings.forms import FieldType, SettingField, form_fields
from avatar_app.settings.presentation import Page
from avatar_app.settings.store import SettingsStore
from avatar_app.system.paths import default_settings_file, shipped
from messages.message import Message, has_words

DOT = " · "
"""Between the titles of nested sections."""
NAMES = frozenset(
    (
        *("voice", "variant", "language", "character", "library", "runtime", "device"),
        *("compute", "precision", "detector", "x264_preset", "engine"),
    )
)
"""Settings whose choices are names, by the last part of the setting's."""
VALUE_WORDS = (
    "Auto", "microphone", "loudspeaker", "photo", "clip", "picture", "processor", "graphics card",
    "memory", "speech recognition", "voice", "language model", "face", "recording",
    "voice detector",
)  # fmt: skip
"""Words that stand as values in the sentences of other rooms."""
PLACES = ("{0}, line {1}", "the environment variable {0}", "the command line", "this file")
FACTS = ("{0}, {1} cores, {2} GB",)
"""Of the machine, for a report."""
"""Where the value of a setting was written."""
LANGUAGES = (
    "Afrikaans", "Arabic", "Bulgarian", "Catalan", "Chinese", "Croatian", "Czech", "Danish",
    "Dutch", "English", "Estonian", "Finnish", "French", "German", "Greek", "Hebrew", "Hindi",
    "Hungarian", "Icelandic", "Indonesian", "Italian", "Japanese", "Korean", "Latvian",
    "Lithuanian", "Norwegian Bokmål", "Persian", "Polish", "Portuguese", "Romanian", "Russian",
    "Serbian", "Slovak", "Slovenian", "Spanish", "Swahili", "Swedish", "Turkish", "Ukrainian",
    "Vietnamese",
)  # fmt: skip
"""Languages of voices, as Qt calls them."""


def document_messages(folder: Path) -> Iterator[Message]:
    """Yield each text of settings, engines and models; `folder` is an empty one."""
    manifests = tuple(Registry().all())
    texts = [*VALUE_WORDS, *PLACES, *FACTS, *LANGUAGES, *(page.value for page in Page)]
    texts += _of_settings(folder, manifests)
    texts += [text for each in manifests for text in (each.title, each.summary)]
    texts += _of_models()
    for text in texts:
        if has_words(text):
            yield Message(text, where="settings, engines and models")


def _of_settings(folder: Path, manifests: tuple[Manifest, ...]) -> list[str]:
    """Every engine is chosen once, so that all options are seen."""
    help_texts = read_help(default_settings_file())
    texts: list[str] = []
    for chosen in manifests:
        store = SettingsStore(folder / "config.yaml", {})
        store.know_engines(manifests)
        slot = _slot_of(chosen, store, manifests)
        if slot:
            store.set(slot, chosen.name)
        for field in form_fields(store, help_texts, manifests):
            texts += _of_field(field)
    return texts


def _slot_of(manifest: Manifest, store: SettingsStore, manifests: tuple[Manifest, ...]) -> str:
    """Return the setting that chooses the engine; engines of other kinds may be named like it."""
    own = {each.name for each in manifests if each.kind == manifest.kind}
    others = {each.name for each in manifests} - own
    for field in form_fields(store, {}, manifests):
        if field.name.endswith(".engine"):
            names = {choice.value for choice in field.choices}
            if manifest.name in names and not names & others:
                return field.name
    return ""


def _of_field(field: SettingField) -> list[str]:
    texts = [field.title, field.help, *field.section.split(DOT)]
    texts += [field.unit] if len(field.unit) > 3 else []
    named = field.type is not FieldType.CHOICE or field.name.rpartition(".")[2] in NAMES
    choices = [] if named else [choice.title for choice in field.choices]
    return [*texts, *choices]


def _of_models() -> list[str]:
    catalog = read_catalog(shipped("models") / CATALOG)
    licenses = {model.license.terms for model in catalog.models}
    return [*(model.summary for model in catalog.models), *sorted(licenses)]
