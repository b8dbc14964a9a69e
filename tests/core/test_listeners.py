"""Listeners are called in order, and may be added and removed while they are."""

from __future__ import annotations

from avatar_app.core.listeners import Listeners


def test_listeners_are_called_in_order_until_they_unsubscribe() -> None:
    listeners = Listeners[int]()
    heard: list[tuple[str, int]] = []
    leave = listeners.subscribe(lambda number: heard.append(("first", number)))
    listeners.subscribe(lambda number: heard.append(("second", number)))
    listeners(1)
    leave()
    listeners(2)
    assert heard == [("first", 1), ("second", 1), ("second", 2)]
    assert len(listeners) == 1


def test_listener_may_unsubscribe_while_it_is_called() -> None:
    listeners = Listeners[[]]()
    calls: list[str] = []

    def once() -> None:
        calls.append("once")
        leave()

    leave = listeners.subscribe(once)
    listeners.subscribe(lambda: calls.append("always"))
    listeners()
    listeners()
    assert calls == ["once", "always", "always"]
