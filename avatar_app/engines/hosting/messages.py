"""Messages between a host and its child process. A call is identified by its number."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Any

CREDIT = 6
"""Outputs that a child may send before they are taken; so it is never far ahead."""
CONFIGURE = "configure"
"""The method after which an engine's attributes may have changed: they are returned."""


@dataclass(frozen=True, slots=True)
class Call:
    """To the child: run a method of the engine."""

    id: int
    method: str
    arguments: tuple[Any, ...] = ()
    options: dict[str, Any] = field(default_factory=dict)
    turn_id: int | None = None
    """With a turn the method is a generator, and its last positional argument but `after` ones."""
    user_text: str = ""
    live: bool = False
    """The method's first argument is a stream whose items follow as `Item`s."""
    job: bool = False
    """The method's last argument is a job: its progress and what the method yields or returns are
    sent as `Output`s."""


@dataclass(frozen=True, slots=True)
class Item:
    """To the child: the next item of a live input; or the answer to a tool call."""

    id: int
    value: Any


@dataclass(frozen=True, slots=True)
class InputEnded:
    """To the child: the live input is complete."""

    id: int


@dataclass(frozen=True, slots=True)
class Cancel:
    """To the child: the rest is no longer needed."""

    id: int


@dataclass(frozen=True, slots=True)
class Grant:
    """To the child: an output was taken, another may be sent."""

    id: int


@dataclass(frozen=True, slots=True)
class Close:
    """To the child: close the engine and end."""


@dataclass(frozen=True, slots=True)
class Ready:
    """From the child: the engine is loaded."""

    attributes: dict[str, Any]


@dataclass(frozen=True, slots=True)
class Output:
    """From the child: what a generator yielded."""

    id: int
    value: Any


@dataclass(frozen=True, slots=True)
class Beat:
    """From the child: the engine goes on, though it has no output yet."""

    id: int
    waits_for: str = ""
    """As `Turn.waits_for`."""


@dataclass(frozen=True, slots=True)
class Returned:
    """From the child: the call is over."""

    id: int
    value: Any = None


@dataclass(frozen=True, slots=True)
class Raised:
    """From the child: the call, or (with number 0) the loading of the engine, failed."""

    id: int
    error: BaseException
    """An AvatarError or TurnCancelled; a bug arrives as EngineFailed."""
    trace: str = ""
    """Of a bug, for the log."""


@dataclass(frozen=True, slots=True)
class Died:
    """Within the host: the child has died."""

    reason: str
