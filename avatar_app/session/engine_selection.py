"""Keeps the engines of a live conversation and the settings that choose them in step."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import TYPE_CHECKING, Any

from avatar_app.core.errors import AvatarError
from avatar_app.core.events import CharacterShown, Event, Noticed
from avatar_app.core.manifest import Kind
from avatar_app.session.avatar_choices import AvatarChoices
from avatar_app.session.settings_applier import SettingsApplier, settings_choosing
from avatar_app.settings.schema import EngineChoice, Settings
from avatar_app.settings.store import SettingsChange, SettingsStore

if TYPE_CHECKING:  # it is loaded once the window is visible
    from avatar_app.session.live_conversation import LiveConversation

_IN_USE = "in use"
"""Prefix of a change's group that only records what is already in use."""


class EngineSelection:
    """Applies changed settings to the conversation, saves engines that were put in use, and
    announces the character that they show. Before `attach` it only follows the settings."""

    def __init__(
        self, settings: SettingsStore, characters: AvatarChoices, post: Callable[[Event], None]
    ) -> None:
        self._settings, self._characters, self._post = settings, characters, post
        self._live: LiveConversation | None = None
        self._applier: SettingsApplier | None = None
        self.character = characters.shown_by(settings.settings.face)

    def attach(self, live: LiveConversation, settings: Settings) -> None:
        """Apply changes to this conversation from now on; `settings`: those it was opened with."""
        self._live = live
        self._applier = SettingsApplier(live, settings, self._announce)

    def catch_up(self, settings: Settings) -> None:
        """Apply what has changed since the conversation was opened with `settings`."""
        live, applier = self._live, self._applier
        if live is None or applier is None:
            return
        if self.character != self._characters.shown_by(settings.face):
            self._announce(Kind.FACE, live.engine_set.face_choice)
        applier.apply(self._settings.settings)

    def detach(self) -> None:
        """Put no more engines in use: the conversation is about to close."""
        self._live = None

    def use(
        self,
        kind: Kind,
        choice: EngineChoice,
        then: Callable[[], None] = lambda: None,
        failed: Callable[[AvatarError], None] | None = None,
    ) -> None:
        """Like `LiveConversation.use`, and save the choice before `then` is called."""

        def used() -> None:
            self._save(settings_choosing(kind, choice))
            self._announce(kind, choice)
            then()

        if (live := self._live) is not None:
            live.use(kind, choice, used, failed)

    def use_character(self, name: str) -> None:
        """Use the face engine and the options that show a character."""
        if (live := self._live) is not None:
            self.use(Kind.FACE, self._characters.choice(name, live.engine_set.face_choice))

    def follow(self, change: SettingsChange) -> None:
        """Apply changed settings, unless they describe what is already in use."""
        if (applier := self._applier) is None:
            return
        if isinstance(change.group, tuple) and change.group[0] is _IN_USE:
            applier.note(change.settings)
        else:
            applier.apply(change.settings)

    def _save(self, values: Mapping[str, Any]) -> None:
        try:
            self._settings.change(values, group=(_IN_USE, object()))
        except AvatarError as error:
            self._post(Noticed(error.message, error.hint, type(error)))

    def _announce(self, kind: Kind, choice: EngineChoice) -> None:
        """Announce the character when an engine has started, as a face may show another one."""
        if kind is Kind.FACE:
            self.character = self._characters.shown_by(choice)
            self._post(CharacterShown(self.character))
