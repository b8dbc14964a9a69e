"""The interface between the dialogue and its skills: request, replies, and what is carried over."""

from __future__ import annotations

from collections.abc import Callable, Generator, Mapping
from dataclasses import dataclass, field, replace
from datetime import datetime
from random import Random
from string import Formatter
from typing import Any

from avatar_app.core.prompt import Prompt
from avatar_app.core.values import ToolCall, ToolResult

PHRASINGS = 6
"""Maximum lines that count as phrasings of one thing; longer lists are a collection to recite."""


class CannotDo(Exception):
    """One sentence about why a skill cannot do what was asked."""


class Variety:
    """Chooses among phrasings: each is used once before any is repeated."""

    def __init__(self, random: Random) -> None:
        self._random = random
        self._left: dict[str, list[str]] = {}
        self._last: dict[str, str] = {}

    def pick(self, key: str, choices: list[str]) -> str:
        """Return the next choice; never the same twice in a row, if there are two."""
        left = self._left.get(key)
        if not left:
            left = self._random.sample(choices, len(choices))
            if left[-1] == self._last.get(key):
                left.reverse()
            self._left[key] = left
        self._last[key] = left.pop()
        return self._last[key]

    def chance(self, choices: list[str]) -> str:
        """Return a random choice, independent of earlier ones."""
        return self._random.choice(choices)

    def between(self, low: int, high: int) -> int:
        """Return a random integer of a range, both ends included."""
        return self._random.randint(low, high)


@dataclass(frozen=True, slots=True)
class Carry:
    """What an answer carries over to the next exchange."""

    yes: Skill | None = None
    """What the user's "yes" means next."""
    no: Skill | None = None
    answer: Skill | None = None
    """The skill that takes any answer to an open question."""
    values: Mapping[str, Any] = field(default_factory=dict)
    """Slots for the next skill, if that continues this one."""
    topic: str = ""
    """The intent that follow-ups continue; empty for the current one."""


Reply = Generator[str | ToolCall, ToolResult | None, Carry | None]
"""Pieces of the answer and tool calls; returns what is carried over to the next exchange."""
Use = Generator[ToolCall, ToolResult | None, Any]


@dataclass(frozen=True, slots=True)
class Past:
    """The last exchange."""

    user_text: str = ""
    written: str = ""
    """The whole answer, whether heard or not."""
    intent: str = ""
    slots: Mapping[str, Any] = field(default_factory=dict)
    carry: Carry = field(default_factory=Carry)


@dataclass(frozen=True, slots=True)
class Ask:
    """One understood request of the user."""

    intent: str
    text: str
    """The user's words as written, without fillers."""
    slots: Mapping[str, Any]
    prompt: Prompt
    past: Past
    phrases: Mapping[str, list[str]]
    variety: Variety
    name: str
    """The avatar's name."""
    brief: bool
    """Whether the avatar should be brief."""

    def say(self, key: str, **values: Any) -> str:
        """Return one of the phrasings of `key` whose placeholders are all given; short ones when
        brief."""
        given = {name for name, value in values.items() if value not in ("", None)} | {"name"}
        fitting = [line for line in self.phrases[key] if _placeholders(line) <= given]
        if self.brief and len(fitting) <= PHRASINGS:
            fitting = sorted(fitting, key=len)[: (len(fitting) + 1) // 2]
        said = self.variety.pick(key, fitting).format(**{"name": self.name, **values})
        return said[0].upper() + said[1:]

    def but(self, slots: Mapping[str, Any]) -> Ask:
        """Return a copy with other slots."""
        return replace(self, slots=slots)

    def offers(self, tool: str) -> bool:
        """Whether the application offers a tool."""
        return any(description.name == tool for description in self.prompt.tools)

    def use(self, tool: str, **arguments: Any) -> Use:
        """Call a tool and return its value; raises CannotDo with the reason."""
        if not self.offers(tool):
            raise CannotDo(self.say("no_tool", tool=tool.replace("_", " ")))
        result = yield ToolCall(tool, arguments)
        if result is None or result.error:
            raise CannotDo(result.error if result else self.say("no_tool", tool=tool))
        return result.value

    def now(self) -> Use:
        """Return the local time, with time zone."""
        value = yield from self.use("current_time")
        return datetime.fromisoformat(value["datetime"])


Skill = Callable[[Ask], Reply]


def _placeholders(line: str) -> set[str]:
    return {name for _, name, _, _ in Formatter().parse(line) if name}
