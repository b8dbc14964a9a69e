"""Agents: named actions that take values of a context and return values for it."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any, ClassVar, Protocol

from avatar_app.core.errors import ConfigInvalid
from avatar_app.core.jobs import Job

Values = Mapping[str, Any]
"""JSON-compatible."""
Action = Callable[[Values, Job[Any]], Values]


class LanguageModel(Protocol):
    """What agents ask: any dialogue engine, see `DialogueModel`."""

    def complete(self, instructions: str, request: str, job: Job[Any]) -> str:
        """Return the whole answer. Raises AvatarError and JobCancelled."""


class BaseAgent:
    """An agent whose actions are its methods of the names in `actions`."""

    actions: ClassVar[tuple[str, ...]] = ()

    def run(self, action: str, inputs: Values, job: Job[Any]) -> Values:
        """Do an action. Raises ConfigInvalid where the agent has no such one."""
        if action not in self.actions:
            known = ", ".join(self.actions)
            raise ConfigInvalid(
                f"{type(self).__name__} can't {action}.", f"It can: {known}." if known else ""
            )
        method: Action = getattr(self, action)
        return method(inputs, job)
