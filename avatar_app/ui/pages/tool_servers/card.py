"""Tools of other programs: servers are added after a look at what they offer, tested, removed."""

from __future__ import annotations

from functools import partial

from PySide6.QtWidgets import QFrame, QHBoxLayout, QLineEdit, QVBoxLayout, QWidget

from avatar_app.agents.mcp.approval import McpTool
from avatar_app.agents.mcp.collection import ListedServer, TestedServer, server_from
from avatar_app.agents.mcp.servers import McpServer
from avatar_app.core.errors import AvatarError
from avatar_app.ui.pages.page import PageContext
from avatar_app.ui.pages.scrolling import Section, mark_first, sentence
from avatar_app.ui.pages.tool_servers.row import ToolServerRow
from avatar_app.ui.style.theme import UNIT
from avatar_app.ui.widgets.buttons import small_button
from avatar_app.ui.widgets.notices import Action, Notice, NoticeBar


class ToolServersCard(QWidget):
    """Nothing is started before the user tests or adds a server."""

    def __init__(self, context: PageContext, toast: NoticeBar) -> None:
        super().__init__()
        self._library, self._work, self._toast = context.session.tool_servers, context.work, toast
        self.rows: dict[str, ToolServerRow] = {}
        self._listed: tuple[ListedServer, ...] = ()
        self._looked: tuple[str, McpServer, tuple[McpTool, ...]] | None = None
        self._section = Section(self.tr("Tools of other programs"))
        about = self.tr(
            "Programs and servers of the Model Context Protocol. I ask you before each call that "
            "may change something, and read what they answer without obeying it."
        )
        self.name, self.where = QLineEdit(), QLineEdit()
        self.name.setPlaceholderText(self.tr("Name"))
        self.where.setPlaceholderText(self.tr("Command or address"))
        self.name.setToolTip(self.tr("What it is called in this list"))
        self.where.setToolTip(self.tr("The command that starts it, or the address of a server"))
        for field in (self.name, self.where):
            field.setObjectName("filter")
            field.setAccessibleName(field.placeholderText())
        look = self.tr("Start it once and show which tools it offers")
        self.look_button = small_button(self.tr("Look"), look)
        self.offer = sentence("")
        self.add_button = small_button(
            self.tr("Add"), self.tr("Let me use these tools"), primary=True
        )
        self.offer_row = QFrame()
        self._lay_out(sentence(about))
        self.look_button.clicked.connect(self.look)
        self.where.returnPressed.connect(self.look)
        self.add_button.clicked.connect(self.add)

    def refresh(self) -> None:
        """Show the servers as they are now."""
        self._work.run(self._library.servers).then(self._show).failed(self._toast.tell_error)

    def look(self) -> None:
        """Connect to what was entered, and show what it offers."""
        self.offer_row.hide()
        name, where = self.name.text().strip(), self.where.text()
        try:
            server = server_from(where)
        except AvatarError as error:
            self._toast.tell_error(error)
            return
        self.look_button.setEnabled(False)
        task = self._work.run(lambda: self._library.look(name, server))
        task.then(partial(self._show_offer, name, server)).failed(self._not_there)

    def add(self) -> None:
        """Keep the server that was looked at."""
        if self._looked is not None:
            looked, self._looked = self._looked, None
            self.offer_row.hide()
            task = self._work.run(lambda: self._library.add(*looked))
            task.then(lambda _nothing: self._added()).failed(self._toast.tell_error)

    def test(self, name: str) -> None:
        """Connect to a server and compare."""
        self.rows[name].show_busy(busy=True)
        task = self._work.run(lambda: self._library.test(name))
        task.then(self._tell_tested).failed(partial(self._test_failed, name))

    def remove(self, name: str) -> None:
        """Remove a server; the notice brings it back."""
        listed = next(each for each in self._listed if each.name == name)
        back = partial(self._library.add, name, listed.server, listed.tools)
        undo = Action(self.tr("Undo"), partial(self._run, back))
        self._run(partial(self._library.remove, name))
        self._toast.dismiss_all()
        self._toast.tell(Notice(self.tr("Removed: {}").format(name), action=undo))

    def enable(self, name: str, enabled: bool) -> None:  # noqa: FBT001 - a signal's
        """Switch a server on or off."""
        self._run(partial(self._library.enable, name, enabled=enabled))

    def _run(self, change: partial[None]) -> None:
        task = self._work.run(change).then(lambda _nothing: self.refresh())
        task.failed(self._toast.tell_error)

    def _show(self, listed: tuple[ListedServer, ...]) -> None:
        self._listed = listed
        for row in self.rows.values():
            self._section.rows.removeWidget(row)
            row.hide()
            row.deleteLater()
        self.rows = {}
        for each in listed:
            row = self.rows[each.name] = ToolServerRow(each)
            mark_first(row, first=len(self.rows) == 1)
            row.enable_wanted.connect(self.enable)
            row.test_wanted.connect(self.test)
            row.remove_wanted.connect(self.remove)
            self._section.rows.addWidget(row)
        self._section.card.setVisible(bool(listed))

    def _show_offer(self, name: str, server: McpServer, tools: tuple[McpTool, ...]) -> None:
        self.look_button.setEnabled(True)
        self._looked = name, server, tools
        lines = [f"{tool.name}: {tool.description}" for tool in tools]
        self.offer.setText("\n".join(lines) or self.tr("It offers no tools."))
        self.offer_row.show()
        self.add_button.setFocus()

    def _not_there(self, error: AvatarError) -> None:
        self.look_button.setEnabled(True)
        self._toast.tell_error(error)

    def _added(self) -> None:
        self.name.clear()
        self.where.clear()
        self.refresh()

    def _tell_tested(self, tested: TestedServer) -> None:
        self.refresh()
        self._toast.dismiss_all()
        if not tested.change:
            message = self.tr("{} answers, and offers what you approved.").format(tested.name)
            self._toast.tell(Notice(message))
            return
        approve = partial(self._library.approve, tested.name, tested.tools)
        action = Action(self.tr("Approve"), partial(self._run, approve))
        message = self.tr("{} is not as you approved it.").format(tested.name)
        self._toast.tell(Notice(message, str(tested.change), failure=True, action=action))

    def _test_failed(self, name: str, error: AvatarError) -> None:
        if name in self.rows:
            self.rows[name].show_busy(busy=False)
        self._toast.tell_error(error)

    def _lay_out(self, about: QWidget) -> None:
        entry = QHBoxLayout()
        entry.setSpacing(UNIT)
        entry.addWidget(self.name, 1)
        entry.addWidget(self.where, 3)
        entry.addWidget(self.look_button)
        offered = QHBoxLayout(self.offer_row)
        offered.setContentsMargins(0, 0, 0, 0)
        offered.addWidget(self.offer, 1)
        offered.addWidget(self.add_button)
        self.offer_row.hide()
        self._section.card.hide()
        column = QVBoxLayout(self)
        column.setContentsMargins(0, 0, 0, 0)
        column.setSpacing(UNIT)
        column.addWidget(self._section)
        column.addWidget(about)
        column.addLayout(entry)
        column.addWidget(self.offer_row)
