"""The choices of microphone and loudspeaker: applied at once, undone by a toast."""

from __future__ import annotations

from collections.abc import Callable
from functools import partial
from typing import Any

from PySide6.QtCore import QObject

from avatar_app.session.session import Devices
from avatar_app.settings.documentation import read_help
from avatar_app.settings.forms import FieldChoice, Suggestions, form_fields
from avatar_app.settings.store import SettingsChange
from avatar_app.system.paths import default_settings_file
from avatar_app.ui.pages.editors import ChoiceEditor
from avatar_app.ui.pages.page import PageContext
from avatar_app.ui.widgets.notices import Action, Notice, NoticeBar

MICROPHONE, SPEAKER = "audio.microphone", "audio.speaker"


class DeviceChoices(QObject):
    """Two editors, which a page puts where it wants; followed only between `enter` and `leave`."""

    def __init__(self, context: PageContext, toast: NoticeBar) -> None:
        super().__init__()
        self._context, self._toast = context, toast
        self._session, self._store = context.session, context.session.settings
        self._help = read_help(default_settings_file())
        self._suggestions: Suggestions = {}
        self.microphone, self.speaker = ChoiceEditor(context.theme), ChoiceEditor(context.theme)
        self.microphone.control.setAccessibleName(self.tr("Microphone"))
        self.speaker.control.setAccessibleName(self.tr("Loudspeaker"))
        for editor in (self.microphone, self.speaker):  # the name of a choice is its value
            editor.control.setAccessibleDescription(editor.control.accessibleName())
        self._choices = {MICROPHONE: self.microphone, SPEAKER: self.speaker}
        for name, editor in self._choices.items():
            editor.changed.connect(partial(self._choose, name))
        self._unfollow: Callable[[], None] = lambda: None

    def enter(self) -> None:
        """Show what is chosen, and the devices there are."""
        self._unfollow = self._store.subscribe(
            lambda change: self._context.post(lambda: self._settings_changed(change))
        )
        self._show_choices()
        self._context.work.run(self._session.devices).then(self._show_devices)

    def leave(self) -> None:
        """Follow the settings no more."""
        self._unfollow()

    def _settings_changed(self, change: SettingsChange) -> None:
        if change.touches("audio"):
            self._show_choices()

    def _show_devices(self, devices: Devices) -> None:
        self._suggestions = {
            MICROPHONE: tuple(FieldChoice(name, name) for name in devices.microphones),
            SPEAKER: tuple(FieldChoice(name, name) for name in devices.speakers),
        }
        self._show_choices()

    def _show_choices(self) -> None:
        fields = form_fields(self._store, self._help, (), self._suggestions)
        for field in fields:
            if field.name in self._choices:
                self._choices[field.name].show_field(field)

    def _choose(self, name: str, value: Any) -> None:
        task = self._context.work.run(lambda: self._store.set(name, value))
        task.then(lambda change: self._tell(name, change)).failed(self._toast.tell_error)

    def _tell(self, name: str, change: SettingsChange) -> None:
        if change.names:
            title = self.tr("Microphone") if name == MICROPHONE else self.tr("Loudspeaker")
            value = self._store.get(name) or self.tr("System default")
            undo = Action(self.tr("Undo"), self._undo)
            self._toast.dismiss_all()
            self._toast.tell(Notice(f"{title}: {value}", action=undo))

    def _undo(self) -> None:
        self._context.work.run(self._store.undo)
