"""Listeners that come and go, from any thread, while others are called."""

from __future__ import annotations

from collections.abc import Callable
from typing import Generic, ParamSpec

P = ParamSpec("P")


class Listeners(Generic[P]):
    """Call it to call every listener, in the order of subscription."""

    def __init__(self) -> None:
        self._listeners: list[Callable[P, object]] = []

    def subscribe(self, listener: Callable[P, object]) -> Callable[[], None]:
        """Add a listener; returns a function that removes it."""
        self._listeners.append(listener)
        return lambda: self._listeners.remove(listener)

    def __call__(self, *arguments: P.args, **named: P.kwargs) -> None:
        for listener in tuple(self._listeners):
            listener(*arguments, **named)

    def __len__(self) -> int:
        return len(self._listeners)
