"""The window's language: chosen, switched live, mirrored, with plurals and numbers of its own."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from datetime import datetime
from pathlib import Path

import polib
import pytest
from fake_session import REGISTRY, FakeSession
from installed import install
from PySide6.QtCore import QLocale, Qt
from PySide6.QtWidgets import QApplication

from avatar_app.core.events import Noticed
from avatar_app.system.translation.catalog import TextCatalog
from avatar_app.ui.app import prepared_application
from avatar_app.ui.language.formats import (
    duration_text,
    moment_text,
    number_text,
    path_text,
    size_text,
)
from avatar_app.ui.language.texts import counted, translated
from avatar_app.ui.language.translator import LANGUAGE, SOURCE, locale_of
from avatar_app.ui.pages.number_editor import Slider
from avatar_app.ui.style.stylesheet import stylesheet
from avatar_app.ui.style.theme import LIGHT
from avatar_app.ui.window.main_window import MainWindow

ARABIC = (
    "nplurals=6; plural=(n==0 ? 0 : n==1 ? 1 : n==2 ? 2 : n%100>=3 && n%100<=10 ? 3 : "
    "n%100>=11 ? 4 : 5);"
)


@pytest.fixture(autouse=True)
def english_again(qapp: QApplication) -> Iterator[None]:
    yield
    show(SOURCE)


def show(code: str, catalog: TextCatalog | None = None) -> None:
    """Show a language, and let the window hear of it."""
    LANGUAGE.show(code, catalog)
    QApplication.processEvents()


def catalog_of(folder: Path, texts: dict[str, str], plural: str = "nplurals=2; plural=(n != 1);"):
    """Write a catalog and read it."""
    written = polib.POFile()
    written.metadata = {"Content-Type": "text/plain; charset=utf-8", "Plural-Forms": plural}
    written.extend(polib.POEntry(msgid=text, msgstr=other) for text, other in texts.items())
    written.append(
        polib.POEntry(
            msgid="{} turn",
            msgid_plural="{} turns",
            msgstr_plural={form: f"form {form}" for form in range(int(plural[9]))},
        )
    )
    path = folder / "xx.po"
    written.save(str(path))
    return TextCatalog(path)


@pytest.mark.parametrize(("code", "filled"), [("en", 0.05), ("ar", 0.95)])
def test_slider_fills_from_the_side_where_reading_begins(qtbot, code, filled):
    show(code)
    slider = Slider()
    qtbot.addWidget(slider)
    slider.setStyleSheet(stylesheet(LIGHT, 1.0))
    slider.setRange(0, 100)
    slider.setValue(20)
    slider.resize(200, 24)
    picture = slider.grab().toImage()
    for share in (0.05, 0.5, 0.95):
        color = picture.pixelColor(int(share * picture.width()), picture.height() // 2).name()
        assert color == (LIGHT.accent if share == filled else LIGHT.raised)


def test_formatted_sentence_is_translated_with_its_values(tmp_path):
    texts = {
        "Cannot read {0}: {1}": "{1} – {0} ist nicht lesbar",
        "It is empty.": "Es ist leer.",
        "{0}: {1}": "nothing but values is no template",
    }
    catalog = catalog_of(tmp_path, texts)
    assert catalog.message("Cannot read a.wav: It is empty.") == (
        "Es ist leer. – a.wav ist nicht lesbar"
    )
    assert catalog.message("One: two") == "One: two"


def test_template_with_more_words_wins_over_a_shorter_one(tmp_path):
    texts = {"Choose {0}.": "Wählen Sie {0}.", "Choose {0} or {1}.": "{0} oder {1} wählen."}
    catalog = catalog_of(tmp_path, texts)
    assert catalog.message("Choose a, b or c.") == "a, b oder c wählen."
    assert catalog.message("Choose a.") == "Wählen Sie a."


def test_joined_sentences_are_translated_one_by_one(tmp_path):
    catalog = catalog_of(tmp_path, {"It is empty.": "Es ist leer.", "Use {0} now!": "Jetzt {0}!"})
    assert catalog.message("It is empty. Use x now!") == "Es ist leer. Jetzt x!"
    assert catalog.message("It is empty. Who knows?") == "Es ist leer. Who knows?"


@pytest.mark.parametrize(
    ("number", "form"), [(0, 0), (1, 1), (2, 2), (3, 3), (103, 3), (11, 4), (100, 5)]
)
def test_arabic_has_six_plurals(qapp, tmp_path, number, form):
    LANGUAGE.show("ar", catalog_of(tmp_path, {}, ARABIC))
    assert counted("{} turn", "{} turns", number) == f"form {form}"


def test_english_has_two_plurals(qapp):
    assert counted("{} turn", "{} turns", 1) == "{} turn"
    assert counted("{} turn", "{} turns", 0) == "{} turns"


def test_numbers_sizes_and_durations_follow_the_language(qapp, tmp_path):
    assert (number_text(1234.5, 1), size_text(1.2e9)) == ("1,234.5", "1.2 GB")
    assert [duration_text(s) for s in (40, 150, 7500)] == ["40 s", "2 min", "2 h 5 min"]
    LANGUAGE.show("fr", catalog_of(tmp_path, {}))
    assert size_text(1.2e9).replace("\xa0", " ") == "1,2 Go"
    LANGUAGE.show("ar", catalog_of(tmp_path, {}))
    assert number_text(1234.5, 1) == "1,234.5", "the digits of the sentences around it"


def test_where_the_system_has_no_language_moments_are_written_as_in_english(qapp):
    QLocale.setDefault(QLocale.c())
    assert moment_text(datetime(2026, 3, 14, 9, 26)).startswith("14 03 2026")
    prepared_application()
    assert QLocale().language() is QLocale.Language.English
    QLocale.setDefault(QLocale("en_US"))
    assert moment_text(datetime(2026, 3, 14, 9, 26)).startswith("3/14/26")
    QLocale.setDefault(locale_of(SOURCE))


def test_a_path_keeps_its_order_in_a_sentence_from_right_to_left(qapp, tmp_path):
    assert path_text("/a/b.yaml") == "/a/b.yaml"
    LANGUAGE.show("ar", catalog_of(tmp_path, {}, ARABIC))
    assert path_text("/a/b.yaml") == "\u2066/a/b.yaml\u2069"


def test_the_window_changes_its_language_while_it_is_open(qtbot, window_and_session, tmp_path):
    window, session = window_and_session
    window.show_settings()
    session.post(Noticed("A timer is set."))
    qtbot.waitUntil(window.stage.notices.isVisible)
    window.composer.show_muted(muted=True)
    texts = {
        "Open the microphone": "Mikrofon öffnen",
        "Delete the history": "Verlauf löschen",
        "Say hello, or type": "Sagen Sie hallo",
        "A timer is set.": "Ein Timer läuft.",
        "Dark": "Dunkel",
    }
    show("de", catalog_of(tmp_path, texts))
    assert window.composer.mute_button.accessibleName() == "Mikrofon öffnen"
    assert window.popover.forget_button.text() == "Verlauf löschen"
    assert window.stage.captions.caption.text == "Sagen Sie hallo"
    assert window.stage.notices._message.text() == "Ein Timer läuft."
    assert "Dunkel" in [row.text() for row in window.popover.appearance.rows]
    assert QLocale().language() is QLocale.Language.German
    show(SOURCE)
    assert window.popover.forget_button.text() == "Delete the history"


def test_page_is_rebuilt_in_the_new_language(qtbot, window_and_session, tmp_path):
    window, _ = window_and_session
    window.pages.open("privacy")
    english = window.pages.shown
    show("de", catalog_of(tmp_path, {"Privacy": "Datenschutz"}))
    assert window.pages.shown is not english
    assert window.pages.shown.heading.text() == "Datenschutz"
    assert window.pages.rail.buttons[6].text() == "Datenschutz"


def test_choosing_a_language_applies_it_and_can_be_undone(
    qtbot, window_and_session, tmp_path, monkeypatch
):
    window, session = window_and_session
    catalog_of(tmp_path, {"Settings": "Réglages"})
    (tmp_path / "xx.po").rename(tmp_path / "fr.po")
    monkeypatch.setattr("avatar_app.system.translation.catalog.FOLDER", tmp_path)
    window.pages.open("settings")
    session.settings.set("window.language", "fr")
    qtbot.waitUntil(lambda: LANGUAGE.code == "fr")
    qtbot.waitUntil(lambda: window.pages.shown.heading.text() == "Réglages")
    session.settings.undo()
    qtbot.waitUntil(lambda: LANGUAGE.code == SOURCE)


def test_arabic_mirrors_the_window(qtbot, window_and_session, tmp_path):
    window, _ = window_and_session
    window.resize(1600, 800)
    window.pages.open("privacy")
    qtbot.waitUntil(lambda: window.pages.frame.x() > 0)
    show("ar", catalog_of(tmp_path, {}, ARABIC))
    qtbot.waitUntil(lambda: window.layoutDirection() is Qt.LayoutDirection.RightToLeft)
    qtbot.waitUntil(lambda: window.pages.frame.x() == 0)
    qtbot.waitUntil(lambda: window.composer.talk_button.x() > window.composer.send_button.x())


def test_unknown_text_stays_english(qapp, tmp_path):
    show("de", catalog_of(tmp_path, {}))
    assert translated("Nobody knows this.") == "Nobody knows this."


def choose_language(qtbot, window, code: str) -> None:
    """As a user does on the settings page."""
    window.pages.open("settings", "window.language")
    qtbot.waitUntil(lambda: window.pages.shown.is_filled)
    box = window.pages.shown.form.rows["window.language"].editor.control
    index = box.findData(code)
    box.setCurrentIndex(index)
    box.activated.emit(index)
    qtbot.waitUntil(lambda: LANGUAGE.code == code)
    qtbot.waitUntil(lambda: window.pages.shown.toast.notice is not None)


def test_listening_answers_and_voice_follow_the_language_in_one_step(
    qtbot, opened: Callable[..., tuple[MainWindow, FakeSession]]
) -> None:
    install("whisper-base", "qwen2.5-0.5b", "kokoro-v1.0-int8")
    window, session = opened(manifests=REGISTRY.all())
    choose_language(qtbot, window, "es")
    settings, toast = session.settings, window.pages.shown.toast
    assert settings.get("asr.options.language") == "es"
    assert settings.get("dialogue.options.model") == "qwen2.5-0.5b"
    assert settings.get("tts.options.voice") == "ef_dora"
    assert toast.notice.message == "Idioma: Español"
    assert "Español" in toast.notice.hint
    assert not toast.other_button.isVisible()
    qtbot.mouseClick(toast.action_button, Qt.MouseButton.LeftButton)
    qtbot.waitUntil(lambda: LANGUAGE.code == SOURCE)
    assert settings.get("asr.engine") == "pocketsphinx"
    assert settings.get("dialogue.engine") == "builtin"
    assert settings.get("tts.engine") == "espeak"
    assert not settings.can_undo


def test_where_nothing_answers_in_it_one_sentence_leads_to_a_model(
    qtbot, opened: Callable[..., tuple[MainWindow, FakeSession]]
) -> None:
    window, session = opened(manifests=REGISTRY.all())
    choose_language(qtbot, window, "de")
    toast = window.pages.shown.toast
    assert "Englisch" in toast.notice.hint
    assert toast.other_button.text() == "Qwen2.5 0.5B Instruct zeigen"
    assert toast.other_button.width() >= toast.other_button.sizeHint().width()
    qtbot.waitUntil(lambda: "face.options.expressiveness" in window.pages.shown.form.rows)
    rate = window.pages.shown.form.rows["face.options.expressiveness"].editor.control
    assert "," in rate.text(), "numbers follow, too"
    assert session.settings.get("tts.engine") == "espeak"
    assert session.settings.get("tts.options.language") == "en-us"
    qtbot.mouseClick(toast.other_button, Qt.MouseButton.LeftButton)
    page = window.pages.shown
    assert page.search_field.text().startswith("Qwen")
    qtbot.waitUntil(lambda: page.groups.is_complete)
    shown = [row for row in page.groups.rows.values() if row.isVisible()]
    assert shown
    assert all(row.entry.model.title.startswith("Qwen") for row in shown)


def test_a_model_that_speaks_the_language_brings_the_voice_along(
    qtbot, opened: Callable[..., tuple[MainWindow, FakeSession]]
) -> None:
    install("qwen2.5-0.5b", "kokoro-v1.0-int8")
    window, session = opened(manifests=REGISTRY.all(), language="fr")
    show("fr")
    window.pages.open("models")
    page = window.pages.shown
    qtbot.waitUntil(lambda: page.groups.is_complete)
    qtbot.mouseClick(page.row("qwen2.5-0.5b").act_button, Qt.MouseButton.LeftButton)
    qtbot.waitUntil(lambda: page.toast.notice is not None)
    assert session.settings.get("dialogue.engine") == "llama"
    assert session.settings.get("tts.options.voice") == "ff_siwis"
    session.settings.undo()
    assert session.settings.get("dialogue.engine") == "builtin"
    assert session.settings.get("tts.engine") == "espeak"
