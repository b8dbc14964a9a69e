"""The settings page: every setting and engine option, with search and undo, applied at once."""

from __future__ import annotations

from collections.abc import Callable
from functools import partial
from typing import Any

from PySide6.QtCore import Qt, QUrl
from PySide6.QtGui import QDesktopServices, QKeySequence, QShortcut
from PySide6.QtWidgets import QHBoxLayout, QPushButton, QVBoxLayout

from avatar_app.core.errors import AvatarError
from avatar_app.models.catalog import Model
from avatar_app.session.session import Devices, Session
from avatar_app.settings.documentation import read_help
from avatar_app.settings.forms import FieldChoice, SettingField, Suggestions, form_fields, search
from avatar_app.settings.presentation import Effect, Page
from avatar_app.settings.schema import LanguageChoice
from avatar_app.settings.store import SettingsChange
from avatar_app.system.paths import default_settings_file
from avatar_app.ui.language.texts import full_text
from avatar_app.ui.language.translator import LANGUAGE, resolved
from avatar_app.ui.pages.field_texts import LANGUAGE_SETTING, in_language
from avatar_app.ui.pages.form import SettingsForm
from avatar_app.ui.pages.language_change import LanguageOutcome, change_language
from avatar_app.ui.pages.page import PageContext, PageView
from avatar_app.ui.pages.page_ids import MODELS
from avatar_app.ui.pages.remedy_actions import short_title
from avatar_app.ui.pages.search_field import SearchField
from avatar_app.ui.pages.setting_row import shown_value
from avatar_app.ui.pages.settings_contents import SettingsContents
from avatar_app.ui.pages.settings_exchange import SettingsExchange
from avatar_app.ui.style.theme import UNIT
from avatar_app.ui.widgets.notices import Action, Notice


class SettingsPage(PageView):
    """The settings page; slow calls run in the window's `work`."""

    def __init__(self, context: PageContext) -> None:
        super().__init__(context, self.tr("Settings"))
        self._session, self._work = context.session, context.work
        self._store = context.session.settings
        self._help = read_help(default_settings_file())
        self._suggestions: Suggestions = {"persona": _personas(self._session)}
        self._known_fields: tuple[SettingField, ...] | None = None
        self.search_field = SearchField(
            self.tr("Search the settings"),
            self.tr("Words in name, title or help  (Ctrl+F)"),
            self.tr("Search, or @modified"),
        )
        shown = {field.page for field in self._fields()}
        self.pages = SettingsContents((page for page in Page if page in shown), context.theme)
        self.form = SettingsForm(context.theme)
        self.file_button = QPushButton(self.tr("Open as file"))
        self.exchange = SettingsExchange(self._session, self._work, self.toast)
        self._lay_out()
        self._connect()
        self._unfollow = [
            self._store.subscribe(
                lambda change: context.post(lambda: self._settings_changed(change))
            ),
            self._session.loads.subscribe(lambda: context.post(self._show_loading)),
        ]

    def enter(self) -> None:
        """Show the current settings; devices are listed in the background."""
        self.form.resume()
        self._fill()
        self._work.run(self._session.devices).then(self._show_devices)

    def leave(self) -> None:
        self.form.pause()

    @property
    def is_filled(self) -> bool:
        return self.form.is_complete

    def focus_first(self) -> None:
        """Focus the search field."""
        self.search_field.setFocus()
        self.search_field.selectAll()

    def look_for(self, words: str) -> None:
        """Search for a setting's name, or words."""
        self.search_field.setText(words)

    def escape(self) -> bool:
        """Clear the search first."""
        return self.search_field.leave()

    def undo(self) -> None:
        """Undo the last change."""
        self._work.run(self._store.undo)

    def redo(self) -> None:
        """Redo the change that was undone last."""
        self._work.run(self._store.redo)

    def stop(self) -> None:
        """Unsubscribe from the settings."""
        for stop in self._unfollow:
            stop()
        self._unfollow = []

    def _choose(self, name: str, value: Any) -> None:
        if name == LANGUAGE_SETTING:
            self._choose_language(LanguageChoice(value))
        else:
            self._run(name, lambda: self._store.set(name, value))

    def _choose_language(self, choice: LanguageChoice) -> None:
        """Let recognition, answers and voice follow."""
        code, name = resolved(choice), LANGUAGE_SETTING
        task = self._work.run(lambda: change_language(self._session, choice, code))
        task.then(lambda outcome: self._tell(name, outcome.change, outcome))
        task.failed(lambda error: self._show_problem(name, error))

    def _reset(self, name: str) -> None:
        self._run(name, lambda: self._store.reset(name))

    def _run(self, name: str, change: Callable[[], SettingsChange]) -> None:
        task = self._work.run(change).then(lambda change: self._tell(name, change))
        task.failed(lambda error: self._show_problem(name, error))

    def _tell(
        self, name: str, change: SettingsChange, language: LanguageOutcome | None = None
    ) -> None:
        """Show a toast that offers to undo; for the newest change only."""
        field = next((each for each in self._fields() if each.name == name), None)
        if field is not None and change.names:
            undo = Action(self.tr("Undo"), self.undo)
            hint = "" if field.effect is Effect.AT_ONCE else self._when(field.effect)
            other = None
            if language is not None:
                hint, model = language.text, language.plan.helps
                other = self._showing(model) if model is not None else None
            self.toast.dismiss_all()
            message = f"{field.title}: {shown_value(field)}"
            self.toast.tell(Notice(message, hint, action=undo, other=other))

    def _showing(self, model: Model) -> Action:
        """Show a model that would help."""
        show = partial(self.context.show_page, MODELS, model.title)
        return Action(self.tr("Show {}").format(short_title(model)), show)

    def _when(self, effect: Effect) -> str:
        if effect is Effect.WHEN_LOADED:
            return self.tr("The change takes effect when its engine has loaded.")
        return self.tr("The change takes effect at the next start.")

    def _show_problem(self, name: str, error: AvatarError) -> None:
        self.form.show_problem(name, full_text(error))

    def _settings_changed(self, _change: SettingsChange) -> None:
        self._known_fields = None
        if self.isVisible():
            self._fill()

    def _fields(self) -> tuple[SettingField, ...]:
        """Return all fields; they are the same until a setting changes."""
        if self._known_fields is None:
            fields = form_fields(
                self._store, self._help, self._session.manifests, self._suggestions
            )
            self._known_fields = in_language(fields)
        return self._known_fields

    def _fill(self) -> None:
        """Show the fields of the selected page, or the results of a search."""
        fields, words = self._fields(), self.search_field.text().strip()
        self.pages.setEnabled(not words)
        page = self.pages.currentItem().data(Qt.ItemDataRole.UserRole)
        found = search(fields, words) if words else [f for f in fields if f.page == page]
        self.form.show_fields(fields, {field.name for field in found}, with_pages=bool(words))
        self._show_loading()

    def _show_loading(self) -> None:
        self.form.show_loading(self._session.loads.settings)

    def _show_others(self) -> None:
        """Show another page, or the results of another search."""
        self.form.verticalScrollBar().setValue(0)
        self._fill()

    def _show_devices(self, devices: Devices) -> None:
        self._suggestions = {
            "persona": _personas(self._session),
            "audio.microphone": tuple(FieldChoice(name, name) for name in devices.microphones),
            "audio.speaker": tuple(FieldChoice(name, name) for name in devices.speakers),
        }
        self._known_fields = None
        self._fill()

    def _open_file(self) -> None:
        """Open the file in the system's program for YAML; an empty file is created if needed."""
        url = QUrl.fromLocalFile(str(self._store.user_file))
        self._work.run(self._store.create_file).then(lambda _: self._show_file(url))

    def _show_file(self, url: QUrl) -> None:
        QDesktopServices.openUrl(url)

    def _lay_out(self) -> None:
        self.file_button.setObjectName("bring")
        self.file_button.setToolTip(str(self._store.user_file))
        self.file_button.setAccessibleName(self.tr("Open the settings file"))
        self.head.addWidget(self.search_field, 1)
        side = QVBoxLayout()
        side.addWidget(self.pages, 1)
        side.addWidget(self.file_button)
        side.addWidget(self.exchange)
        below = QHBoxLayout()
        below.setSpacing(2 * UNIT)
        below.addLayout(side)
        below.addWidget(self.form, 1)
        self.body.addLayout(below, 1)

    def _connect(self) -> None:
        self.search_field.textChanged.connect(self._show_others)
        self.pages.currentRowChanged.connect(self._show_others)
        self.form.chosen.connect(self._choose)
        self.form.reset_wanted.connect(self._reset)
        self.file_button.clicked.connect(self._open_file)
        self.close_button.clicked.connect(self.search_field.clear)
        keys = {
            "Ctrl+F": self.search_field.setFocus,
            "Ctrl+Z": self.undo,
            "Ctrl+Shift+Z": self.redo,
            "Ctrl+Y": self.redo,
        }
        for key, act in keys.items():
            shortcut = QShortcut(QKeySequence(key), self)
            shortcut.setContext(Qt.ShortcutContext.WidgetWithChildrenShortcut)
            shortcut.activated.connect(act)


def _personas(session: Session) -> tuple[FieldChoice, ...]:
    return tuple(FieldChoice(each.name, each.title) for each in session.personas.all(LANGUAGE.code))
