"""The settings store of the running program: get, set, undo and subscribe by dotted name."""

from __future__ import annotations

import threading
from collections import deque
from collections.abc import Callable, Hashable, Iterable, Mapping
from copy import deepcopy
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

from avatar_app.core.errors import AvatarError
from avatar_app.core.listeners import Listeners
from avatar_app.core.manifest import Manifest
from avatar_app.settings.checks import SettingsChecker
from avatar_app.settings.layers import Layer, Name, parse_yaml, read_text
from avatar_app.settings.loading import read_layers, rename
from avatar_app.settings.renamed import current_name
from avatar_app.settings.schema import Settings
from avatar_app.settings.state import (
    ABSENT,
    Entries,
    LayeredSettings,
    Origin,
    SettingValue,
    with_options,
)
from avatar_app.settings.undo import UndoStack, UndoStep, WrittenEntries
from avatar_app.settings.user_file import (
    one_writer,
    plain,
    with_current_names,
    with_setting,
    without_setting,
    write_atomically,
)


@dataclass(frozen=True, slots=True)
class SettingsChange:
    """Settings that were changed together, as subscribers receive them."""

    names: tuple[str, ...]
    """Dotted names; empty if nothing changed."""
    settings: Settings
    """All settings after the change."""
    problem: AvatarError | None = None
    """Why the change could not be saved; it then lasts until the program ends."""
    group: Hashable = None
    """As passed to `change`; None after undo or redo."""

    def touches(self, prefix: str) -> bool:
        """Whether `prefix`, or a setting in the section of that name, was changed."""
        return any(name == prefix or name.startswith(f"{prefix}.") for name in self.names)


Listener = Callable[[SettingsChange], None]


class SettingsStore:
    """Thread-safe store. Values are checked before anything changes. Subscribers are called after a
    change was saved, with one change after the other, and while no lock is held.
    """

    def __init__(
        self,
        user_file: Path,
        environ: Mapping[str, str] | None = None,
        overrides: Mapping[str, Any] | None = None,
        *,
        engines: Path | None = None,
        schema: type[Settings] = Settings,
        shipped_file: Path | None = None,
    ) -> None:
        """`engines`: the folder of the user's own engines, whose options have no former names.

        Raises ConfigInvalid for a wrong override (dotted names, from the command line); wrong
        entries in the user's file or the environment are left out with a notice.
        """
        self.user_file = user_file
        layers, notices = read_layers(user_file, environ, overrides, shipped_file)
        self._engines = engines
        notices += rename(layers, engines)
        self._state = LayeredSettings([*layers, Layer()], schema, notices)
        self.notices = tuple(notices)
        self._checker = SettingsChecker()
        self._lock = threading.RLock()
        self._steps = UndoStack()
        self._subscribers = _Subscribers()

    @property
    def settings(self) -> Settings:
        """The current settings, frozen."""
        return self._state.settings

    @property
    def schema(self) -> type[Settings]:
        """The names of all settings."""
        return self._state.schema

    def know_engines(self, manifests: Iterable[Manifest]) -> None:
        """Check engines and their options against these manifests from now on."""
        self._checker = SettingsChecker(manifests)

    def get(self, name: str) -> Any:
        """Return the value of a setting, or of an engine's option; raises ConfigInvalid if it is
        unknown.
        """
        return self.find(name).value

    def find(self, name: str) -> SettingValue:
        """Return the value, default and origin of a setting; raises ConfigInvalid if it is
        unknown.
        """
        state, path = self._state, _path(name)
        return state.find(path, self._checker.default(path, state, {}))

    def set(self, name: str, value: Any, *, group: Hashable = None) -> SettingsChange:
        """Change one setting; see `change`."""
        return self.change({name: value}, group=group)

    def change(
        self, values: Mapping[str, Any], *, group: Hashable = None, undoable: bool = True
    ) -> SettingsChange:
        """Change several settings at once, and save them into the user's file. They take effect at
        once and override the environment and the command line. A newly chosen engine starts with
        its default options.

        Successive changes of one `group` are undone together, such as those of one drag of a
        slider. Raises ConfigInvalid, and changes nothing, if a name or value is wrong.
        """
        entries = {_path(name): plain(value) for name, value in values.items()}
        return self._change(entries, group, undoable=undoable)

    def reset(self, *names: str) -> SettingsChange:
        """Remove settings from the user's file, so that the other layers apply."""
        return self._change({_path(name): ABSENT for name in names}, None, undoable=True)

    def create_file(self) -> None:
        """Make sure that the user's file exists; raises AvatarError if it cannot be written."""
        with one_writer(self.user_file):
            if not self.user_file.exists():
                write_atomically(self.user_file, "")

    @property
    def can_undo(self) -> bool:
        return bool(self._steps.done)

    @property
    def can_redo(self) -> bool:
        return bool(self._steps.undone)

    def undo(self) -> SettingsChange:
        """Undo the last change."""
        return self._replay(self._steps.undo)

    def redo(self) -> SettingsChange:
        """Redo the change that was undone last."""
        return self._replay(self._steps.redo)

    def subscribe(self, listener: Listener) -> Callable[[], None]:
        """Call `listener` after every change, in the thread that made it; returns a function that
        unsubscribes.
        """
        return self._subscribers.add(listener)

    def _change(self, entries: Entries, group: Hashable, *, undoable: bool) -> SettingsChange:
        with self._lock:
            self._checker.check(entries, self._state)
            entries = with_options(entries, self._state)
            if self._holds(entries):
                return SettingsChange((), self.settings)
            before = self._said(entries)
            change = replace(self._apply(entries, None), group=group)
            if undoable:
                self._steps.push(UndoStep(before, self._said(entries), group))
        self._subscribers.tell(change)
        return change

    def _replay(self, take: Callable[[], WrittenEntries | None]) -> SettingsChange:
        with self._lock:
            said = take()
            if said is None:
                return SettingsChange((), self.settings)
            change = self._apply(said.file, said.session)
        self._subscribers.tell(change)
        return change

    def _said(self, names: Iterable[Name]) -> WrittenEntries:
        state = self._state
        return WrittenEntries(
            state.written(Origin.USER_FILE, names), state.written(Origin.SESSION, names)
        )

    def _holds(self, entries: Entries) -> bool:
        """Whether the entries would change nothing."""
        said = self._said(entries)
        return all(
            said.file[name] == value
            and said.session[name] is ABSENT
            and value in (ABSENT, self._state.at(name))
            for name, value in entries.items()
        )

    def _apply(self, entries: Entries, session: Entries | None) -> SettingsChange:
        """Save entries into the user's file, and set the session layer to `session`, or where that
        is None, to what would not take effect otherwise.
        """
        user, problem = self._save(entries)
        free = self._state.session(dict.fromkeys(entries, ABSENT))
        state = self._state.replaced(USER_FILE=user, SESSION=free)
        if problem is not None:
            unsaved = {
                name: value for name, value in (session or {}).items() if value is not ABSENT
            }
            session = state.hidden({**entries, **unsaved})
        elif session is None:
            session = state.hidden(entries)
        self._state = state.replaced(SESSION=state.session(session))
        names = tuple(".".join(name) for name in entries)
        return SettingsChange(names, self.settings, problem)

    def _save(self, entries: Entries) -> tuple[Layer, AvatarError | None]:
        """Save the entries; returns the new user layer, and why it could not be saved."""
        path = self.user_file
        with one_writer(path):
            try:
                text = read_text(path) if path.exists() else ""
                before = self._user_layer(text)
            except AvatarError as error:
                return Layer(written={(): str(path)}), error
            try:
                edited = _edited(with_current_names(text, entries, before.tree), entries)
                if edited != text:
                    write_atomically(path, edited)
                return self._user_layer(edited), None
            except AvatarError as error:
                return before, error

    def _user_layer(self, text: str) -> Layer:
        """Parse the text of the user's file into a layer, by the present names."""
        layer = parse_yaml(text, self.user_file)
        rename([deepcopy(self._state.layers[0]), layer], self._engines)
        return layer


class _Subscribers:
    """Delivers changes in the order in which they were made, without holding a lock."""

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._listeners = Listeners[SettingsChange]()
        self._waiting: deque[SettingsChange] = deque()
        self._telling = False

    def add(self, listener: Listener) -> Callable[[], None]:
        return self._listeners.subscribe(listener)

    def tell(self, change: SettingsChange) -> None:
        """Deliver all pending changes; a nested or concurrent call leaves that to the
        running one.
        """
        with self._lock:
            self._waiting.append(change)
            if self._telling:
                return
            self._telling = True
        try:
            while (next_change := self._next()) is not None:
                self._listeners(next_change)
        except BaseException:
            with self._lock:
                self._telling = False
            raise

    def _next(self) -> SettingsChange | None:
        with self._lock:
            if self._waiting:
                return self._waiting.popleft()
            self._telling = False
            return None


def _path(dotted: str) -> Name:
    """Return the path of a setting, which may be given by a former name."""
    return tuple(current_name(dotted).split("."))


def _edited(text: str, entries: Entries) -> str:
    for name, value in entries.items():
        text = without_setting(text, name) if value is ABSENT else with_setting(text, name, value)
    return text
