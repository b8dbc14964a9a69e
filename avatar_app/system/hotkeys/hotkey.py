"""A key with modifiers, and the interface of what listens to it in all programs."""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum
from typing import Protocol

from avatar_app.core.errors import AvatarError


class TalkKey(StrEnum):
    """The keys that can be chosen."""

    NONE = "none"
    CTRL_ALT_SPACE = "ctrl+alt+space"
    CTRL_SHIFT_SPACE = "ctrl+shift+space"
    F8 = "f8"
    F12 = "f12"
    PAUSE = "pause"
    SCROLL_LOCK = "scrolllock"


class HotkeyUnavailable(AvatarError):
    """The system gives no key to programs in the background, or another program has it."""


@dataclass(frozen=True, slots=True)
class Hotkey:
    """`key` is an X11 keysym's name, such as `space`, `F8` or `Pause`."""

    key: str
    ctrl: bool = False
    alt: bool = False
    shift: bool = False

    @classmethod
    def parse(cls, text: str) -> Hotkey:
        """Read `ctrl+alt+space`; upper and lower case are the same."""
        *modifiers, key = text.casefold().split("+")
        name = key.upper() if key[:1] == "f" and key[1:].isdigit() else key
        name = {"pause": "Pause", "scrolllock": "Scroll_Lock"}.get(name, name)
        return cls(name, "ctrl" in modifiers, "alt" in modifiers, "shift" in modifiers)

    @property
    def trigger(self) -> str:
        """Return it as the portal's specification of shortcuts writes it: CTRL+ALT+space."""
        names = {"CTRL": self.ctrl, "ALT": self.alt, "SHIFT": self.shift}
        return "+".join([*(name for name, wanted in names.items() if wanted), self.key])


class Heard(Protocol):
    """Called from the listener's thread when the key goes down or up."""

    def __call__(self, *, held: bool) -> None: ...


class HotkeyListener(Protocol):
    """Listens until it is closed."""

    def close(self) -> None:
        """Stop listening; a key that is held counts as released."""
