"""What a skill is given, what it may do, and what it leaves for the next exchange."""

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
"""More lines than these are no phrasings of one thing, but things to tell, however long."""


class CannotDo(Exception):
    """One sentence that says why a skill cannot do what was asked."""


class Variety:
    """Chooses among phrasings: each is used once before any is used again."""

    def __init__(self, random: Random) -> None:
        self._random = random
        self._left: dict[str, list[str]] = {}
        self._last: dict[str, str] = {}

    def pick(self, key: str, choices: list[str]) -> str:
        """The next of the choices; never the same twice in a row, where there are two."""
        left = self._left.get(key)
        if not left:
            left = self._random.sample(choices, len(choices))
            if left[-1] == self._last.get(key):
                left.reverse()
            self._left[key] = left
        self._last[key] = left.pop()
        return self._last[key]

    def chance(self, choices: list[str]) -> str:
        """Any of the choices, whatever came before: a coin has no memory."""
        return self._random.choice(choices)

    def between(self, low: int, high: int) -> int:
        """Any whole number of a range, both ends included."""
        return self._random.randint(low, high)


@dataclass(frozen=True, slots=True)
class Carry:
    """What an answer leaves for the next exchange."""

    yes: Skill | None = None
    """What the user's "yes" means."""
    no: Skill | None = None
    answer: Skill | None = None
    """What takes any answer to an open question."""
    values: Mapping[str, Any] = field(default_factory=dict)
    """Becomes the slots of the next skill, where that continues this one."""
    topic: str = ""
    """The intent that follow-ups continue; empty for the present one."""


Reply = Generator[str | ToolCall, ToolResult | None, Carry | None]
"""Pieces of the answer and calls of tools; returns what is left for the next exchange."""
Use = Generator[ToolCall, ToolResult | None, Any]


@dataclass(frozen=True, slots=True)
class Past:
    """The last exchange, as the engine knows it."""

    user_text: str = ""
    written: str = ""
    """The whole answer, whether heard or not."""
    intent: str = ""
    slots: Mapping[str, Any] = field(default_factory=dict)
    carry: Carry = field(default_factory=Carry)


@dataclass(frozen=True, slots=True)
class Ask:
    """One thing the user said, understood."""

    intent: str
    text: str
    """What the user said, as it was written, without fillers."""
    slots: Mapping[str, Any]
    prompt: Prompt
    past: Past
    phrases: Mapping[str, list[str]]
    variety: Variety
    name: str
    """The avatar's name."""
    brief: bool
    """Whether the avatar should say no more than needed."""

    def say(self, key: str, **values: Any) -> str:
        """One of the phrasings of `key` whose placeholders are all given; short ones when brief."""
        given = {name for name, value in values.items() if value not in ("", None)} | {"name"}
        fitting = [line for line in self.phrases[key] if _placeholders(line) <= given]
        if self.brief and len(fitting) <= PHRASINGS:
            fitting = sorted(fitting, key=len)[: (len(fitting) + 1) // 2]
        said = self.variety.pick(key, fitting).format(**{"name": self.name, **values})
        return said[0].upper() + said[1:]

    def but(self, slots: Mapping[str, Any]) -> Ask:
        """The same, with other slots."""
        return replace(self, slots=slots)

    def offers(self, tool: str) -> bool:
        """Whether the application lets the avatar call a tool."""
        return any(description.name == tool for description in self.prompt.tools)

    def use(self, tool: str, **arguments: Any) -> Use:
        """Call a tool and return its value; raises CannotDo with the reason it gives."""
        if not self.offers(tool):
            raise CannotDo(self.say("no_tool", tool=tool.replace("_", " ")))
        result = yield ToolCall(tool, arguments)
        if result is None or result.error:
            raise CannotDo(result.error if result else self.say("no_tool", tool=tool))
        return result.value

    def now(self) -> Use:
        """The local time, with time zone."""
        value = yield from self.use("current_time")
        return datetime.fromisoformat(value["datetime"])


Skill = Callable[[Ask], Reply]


def _placeholders(line: str) -> set[str]:
    return {name for _, name, _, _ in Formatter().parse(line) if name}
