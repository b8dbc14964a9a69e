"""The catalogs are complete: every text, every place for a value, every form of the plural."""

from __future__ import annotations

import re

import polib
import pytest
from pseudo_language import all_messages, extraction

from avatar_app.runtime.registry import Registry
from avatar_app.settings.schema import LanguageChoice
from avatar_app.system.translation.catalog import catalog_file

LANGUAGES = [choice.value for choice in LanguageChoice if choice.value not in ("auto", "en")]
ENDS = {"de": ".?!…", "es": ".?!…", "fr": ".?!…", "zh": "。？！…", "ar": ".؟!…"}
"""How a sentence ends."""
SCRIPTS = {"zh": re.compile("[\u4e00-\u9fff]"), "ar": re.compile("[\u0600-\u06ff]")}


@pytest.fixture(scope="module", params=LANGUAGES)
def catalog(request: pytest.FixtureRequest) -> tuple[str, polib.POFile]:
    return request.param, polib.pofile(str(catalog_file(request.param)))


def places(text: str) -> list[str]:
    return extraction().numbered(text)


def test_every_text_is_translated_and_no_translation_is_obsolete(catalog):
    code, entries = catalog
    wanted = {message.text for message in all_messages()}
    translated = {entry.msgid for entry in entries if entry.translated()}
    assert sorted(wanted - translated) == [], f"translate them in assets/translations/{code}.po"
    assert sorted(translated - wanted) == [], "make translations"


def test_the_help_of_every_option_of_every_engine_is_found():
    found = {message.text for message in all_messages()}
    lost = [
        f"{manifest.kind.value} {manifest.name}: {option.help}"
        for manifest in Registry().all()
        for option in manifest.options
        if option.help not in found
    ]
    assert lost == []


def test_translations_contain_the_same_placeholders(catalog):
    wrong = [
        (entry.msgid, form)
        for entry in catalog[1]
        for form in ([entry.msgstr] if not entry.msgid_plural else entry.msgstr_plural.values())
        if places(form) != places(entry.msgid) and not _leaves_number_out(entry, form)
    ]
    assert wrong == []


def _leaves_number_out(entry: polib.POEntry, form: str) -> bool:
    """One and two are words in some languages."""
    return bool(entry.msgid_plural) and places(form) == []


def test_every_plural_form_is_translated(catalog):
    code, entries = catalog
    forms = int(re.search(r"nplurals=(\d)", extraction().PLURALS[code])[1])
    counted = [entry for entry in entries if entry.msgid_plural]
    assert counted
    assert all(len(entry.msgstr_plural) == forms for entry in counted)
    assert all(all(entry.msgstr_plural.values()) for entry in counted)


def test_translated_sentences_end_with_punctuation_of_the_language(catalog):
    code, entries = catalog
    wrong = [
        (entry.msgid, entry.msgstr)
        for entry in entries
        if entry.msgid.endswith((".", "?", "!", "…"))
        and not entry.msgid.endswith((" …", "./", "1."))
        and not entry.msgstr.rstrip("»”“").endswith(tuple(ENDS[code]))
        and not entry.msgstr.endswith((".", "}"))
    ]
    assert wrong == []


def test_translations_have_no_extra_spaces_or_ascii_ellipsis(catalog):
    for entry in catalog[1]:
        assert "..." not in entry.msgstr, entry.msgid
        assert (entry.msgstr.strip() == entry.msgstr) == (entry.msgid.strip() == entry.msgid)


def test_translations_use_the_script_of_the_language(catalog):
    code, entries = catalog
    if code not in SCRIPTS:
        return
    sentences = [entry for entry in entries if len(re.findall("[a-z]{2,}", entry.msgid)) > 4]
    bare = [entry.msgid for entry in sentences if not SCRIPTS[code].search(entry.msgstr)]
    assert bare == []
