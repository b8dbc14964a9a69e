"""The page of personas: chosen by one click, edited in place, with undo."""

from __future__ import annotations

from collections.abc import Callable
from functools import partial

from PySide6.QtCore import Qt
from PySide6.QtGui import QFont, QKeySequence, QShortcut
from PySide6.QtWidgets import QHBoxLayout, QListWidget, QListWidgetItem, QPushButton, QVBoxLayout

from avatar_app.session.personas import Persona
from avatar_app.settings.store import SettingsChange
from avatar_app.ui.language.translator import LANGUAGE
from avatar_app.ui.pages.page import PageContext, PageView
from avatar_app.ui.pages.persona_form import PersonaForm
from avatar_app.ui.style.assets import font
from avatar_app.ui.style.theme import UNIT
from avatar_app.ui.widgets.display_name import title_of
from avatar_app.ui.widgets.notices import Action, Notice

LIST = 30 * UNIT
NAME_ROLE = Qt.ItemDataRole.UserRole


class PersonasPage(PageView):
    """Everything that may take a moment goes through the window's `work`."""

    def __init__(self, context: PageContext) -> None:
        super().__init__(context, self.tr("Personas"))
        self._personas, self._work = context.session.personas, context.work
        self._store = context.session.settings
        self._all: dict[str, Persona] = {}
        self._wanted = ""
        """The persona that is to be chosen when the list comes."""
        self._unfollow: Callable[[], None] | None = None
        self.list = QListWidget()
        self.new_button = QPushButton(self.tr("New, like this one"))
        self.form = PersonaForm(context.theme, lambda name: title_of(name, context.session.avatars))
        self._lay_out()
        self._connect()

    def enter(self) -> None:
        """Show the personas as they are now, the chosen one first in sight."""
        self._wanted = self._store.settings.persona
        self._unfollow = self._store.subscribe(lambda _change: self.context.post(self.refresh))
        self.refresh()

    def leave(self) -> None:
        self.form.finish()
        if self._unfollow is not None:
            self._unfollow()
            self._unfollow = None

    def focus_first(self) -> None:
        self.list.setFocus(Qt.FocusReason.ShortcutFocusReason)

    def refresh(self) -> None:
        self._work.run(partial(self._personas.all, LANGUAGE.code)).then(self._show)

    def _show(self, personas: tuple[Persona, ...]) -> None:
        keep = self._wanted or self._chosen_name()
        self._wanted = ""
        self._all = {each.name: each for each in personas}
        self.list.blockSignals(True)  # noqa: FBT003 - Qt's
        self.list.clear()
        for each in personas:
            item = QListWidgetItem(each.title)
            item.setData(NAME_ROLE, each.name)
            item.setToolTip(each.greeting)
            in_use = each.name == self._store.settings.persona
            item.setFont(font(14, QFont.Weight.DemiBold if in_use else QFont.Weight.Normal))
            self.list.addItem(item)
            if each.name == keep:
                self.list.setCurrentItem(item)
        if self.list.currentItem() is None:
            self.list.setCurrentRow(0)
        self.list.blockSignals(False)  # noqa: FBT003 - Qt's
        self._choose()

    def _chosen_name(self) -> str:
        item = self.list.currentItem()
        return str(item.data(NAME_ROLE)) if item is not None else ""

    def _choose(self) -> None:
        if persona := self._all.get(self._chosen_name()):
            in_use = persona.name == self._store.settings.persona
            self.form.show_persona(persona, in_use=in_use)

    def _use(self) -> None:
        name = self._chosen_name()
        task = self._work.run(partial(self._personas.use, name)).then(self._tell_used)
        task.failed(self.toast.tell_error)

    def _tell_used(self, change: SettingsChange) -> None:
        if change.names:
            title = self._all[self._store.settings.persona].title
            message = self.tr("Now: {title}").format(title=title)
            self._tell(message, self._store.undo, self._chosen_name())

    def _save(self, persona: Persona) -> None:
        """Written at once; the toast brings the former text back."""
        former = self._all.get(persona.name)
        if former is None or former == persona:
            return
        save, delete = self._personas.save, self._personas.delete
        back = partial(save, former) if former.own else partial(delete, former.name)
        message = self.tr("“{title}” is saved.").format(title=persona.title)
        self._change(partial(self._personas.save, persona), message, back, persona.name)

    def _take_looks(self) -> None:
        if persona := self._all.get(self._chosen_name()):
            character = self.context.session.character
            self._save(self._personas.with_present_looks(persona, character))

    def _delete(self) -> None:
        persona = self._all.get(self._chosen_name())
        if persona is None or not persona.own:
            return
        message = self.tr("“{title}” is deleted.").format(title=persona.title)
        back = partial(self._personas.restore, persona)
        self._change(partial(self._personas.delete, persona.name), message, back, persona.name)

    def _duplicate(self) -> None:
        if (like := self._all.get(self._chosen_name())) is None:
            return
        title = self.tr("{title}, again").format(title=like.title)
        duplicate = partial(self._personas.duplicate, like.name, title, LANGUAGE.code)
        self._work.run(duplicate).then(self._made)

    def _made(self, persona: Persona) -> None:
        self._wanted = persona.name
        self.refresh()
        self.form.edit_title()

    def _change(
        self, work: Callable[[], object], message: str, back: Callable[[], object], name: str
    ) -> None:
        task = self._work.run(work).then(lambda _: self._tell(message, back, name))
        task.failed(self.toast.tell_error)
        self.refresh()

    def _tell(self, message: str, back: Callable[[], object], name: str) -> None:
        """`back` undoes it; the persona `name` is shown then."""
        self.toast.dismiss_all()
        undo = Action(self.tr("Undo"), lambda: self._undo(back, name))
        self.toast.tell(Notice(message, action=undo))

    def _undo(self, back: Callable[[], object], name: str) -> None:
        self._wanted = name
        self._work.run(back)
        self.refresh()

    def _press_undo(self) -> None:
        if self.toast.notice is not None and self.toast.notice.action is not None:
            self.toast.action_button.click()

    def _lay_out(self) -> None:
        self.head.addStretch(1)
        self.list.setObjectName("pages")
        self.list.setAccessibleName(self.tr("Personas"))
        self.list.setFixedWidth(LIST)
        self.list.setWordWrap(True)
        self.list.setHorizontalScrollBarPolicy(Qt.ScrollBarPolicy.ScrollBarAlwaysOff)
        self.new_button.setObjectName("bring")
        self.new_button.setAccessibleName(self.tr("New persona, like this one"))
        self.new_button.setToolTip(self.tr("Copies this persona, for you to change"))
        side = QVBoxLayout()
        side.addWidget(self.list, 1)
        side.addWidget(self.new_button)
        row = QHBoxLayout()
        row.setSpacing(2 * UNIT)
        row.addLayout(side)
        row.addWidget(self.form, 1)
        self.body.addLayout(row, 1)

    def _connect(self) -> None:
        self.list.currentItemChanged.connect(self._leave_and_choose)
        self.list.itemActivated.connect(self._use)
        self.new_button.clicked.connect(self._duplicate)
        self.form.edited.connect(self._save)
        self.form.use_wanted.connect(self._use)
        self.form.delete_wanted.connect(self._delete)
        self.form.looks_wanted.connect(self._take_looks)
        undo = QShortcut(QKeySequence("Ctrl+Z"), self)
        undo.setContext(Qt.ShortcutContext.WidgetWithChildrenShortcut)
        undo.activated.connect(self._press_undo)

    def _leave_and_choose(self) -> None:
        self.form.finish()
        self._choose()
