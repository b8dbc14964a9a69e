"""Errors that a user can fix.

AvatarError            anything that can be said in one sentence with a hint
├── ConfigInvalid      a setting, manifest or command-line value is wrong
├── InputInvalid       a file the user brought is missing, empty, truncated or of the wrong kind
├── ModelMissing       an engine needs a model or package that is not there
├── OutOfMemory        an engine does not fit into memory (any more)
├── TooSlow            an engine does not keep up with the sound
├── DeviceUnavailable  a microphone, loudspeaker or GPU cannot be used
└── EngineFailed       an engine raised, hung or died
    └── EngineDied     its process ended or hung: another one may do better

Everything else that is raised is a bug and keeps its traceback.
"""

from __future__ import annotations

from collections.abc import Iterable

__all__ = [
    "AvatarError",
    "ConfigInvalid",
    "DeviceUnavailable",
    "EngineDied",
    "EngineFailed",
    "InputInvalid",
    "ModelMissing",
    "OutOfMemory",
    "TooSlow",
    "choose_one_of",
]


class AvatarError(Exception):
    """A user-facing error: one sentence that says what is wrong, and a hint that says what
    to do.
    """

    def __init__(self, message: str, hint: str = "") -> None:
        super().__init__(message, hint)  # both in args: the error pickles with its hint
        self.message = message
        self.hint = hint

    def __str__(self) -> str:
        return f"{self.message} {self.hint}".strip()


class ConfigInvalid(AvatarError):
    """A setting, manifest or command-line value is wrong."""


class InputInvalid(AvatarError):
    """A file the user brought is missing, empty, truncated or of the wrong kind."""


class ModelMissing(AvatarError):
    """An engine needs a model or package that is not installed."""


class OutOfMemory(AvatarError):
    """An engine does not fit into memory (any more)."""


class TooSlow(AvatarError):
    """An engine does not keep up with the sound."""


class DeviceUnavailable(AvatarError):
    """A microphone, loudspeaker or GPU cannot be used."""


class EngineFailed(AvatarError):
    """An engine raised, hung or died."""


class EngineDied(EngineFailed):
    """An engine's process ended or hung; another one may do better."""


def choose_one_of(names: Iterable[str]) -> str:
    """Return the hint for an unknown value: `Choose a, b or c.`; empty if there is no choice."""
    known = list(names)
    if len(known) < 2:
        return f"Choose {known[0]}." if known else ""
    return f"Choose {', '.join(known[:-1])} or {known[-1]}."
