"""Listeners that come and go, from any thread, while others are called."""

from __future__ import annotations

import logging
from collections.abc import Callable, Iterable
from contextlib import suppress
from typing import Generic, ParamSpec

P = ParamSpec("P")

log = logging.getLogger(__name__)


class Listeners(Generic[P]):
    """Call it to call every listener, in the order of subscription. One that raises keeps none of
    the others from hearing; it is logged once for each class of error, as events come often."""

    def __init__(self) -> None:
        self._listeners: list[Callable[P, object]] = []
        self._logged: set[tuple[int, type[Exception]]] = set()

    def subscribe(self, listener: Callable[P, object]) -> Callable[[], None]:
        """Add a listener; returns a function that removes it."""
        self._listeners.append(listener)
        return lambda: self._remove(listener)

    def __call__(self, *arguments: P.args, **named: P.kwargs) -> None:
        for listener in tuple(self._listeners):
            try:
                listener(*arguments, **named)
            except Exception as error:  # a seam: a bug in one must not silence the others
                if (failed := (id(listener), type(error))) not in self._logged:
                    self._logged.add(failed)
                    log.exception("a listener failed: %r", listener)

    def __len__(self) -> int:
        return len(self._listeners)

    def _remove(self, listener: Callable[P, object]) -> None:
        with suppress(ValueError):  # it was removed before
            self._listeners.remove(listener)
        self._logged = {each for each in self._logged if each[0] != id(listener)}


def call_each(callbacks: Iterable[Callable[[], object]]) -> None:
    """Call all; one that raises is logged, and the others are called."""
    for callback in callbacks:
        try:
            callback()
        except Exception:  # a seam: what is left uncalled would go on
            log.exception("a callback failed: %r", callback)
