"""Listeners are called in order, and may be added and removed while they are."""

from __future__ import annotations

import logging

import pytest

from avatar_app.core.listeners import Listeners, call_each


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


def test_one_that_raises_is_logged_once_and_the_others_hear_every_event(
    expected_warnings: list[str], caplog: pytest.LogCaptureFixture
) -> None:
    expected_warnings.append("a listener failed")
    listeners = Listeners[int]()
    heard: list[int] = []

    def fail(number: int) -> None:
        raise KeyError(number)

    leave = listeners.subscribe(fail)
    listeners.subscribe(heard.append)
    for number in range(3):
        listeners(number)
    assert heard == [0, 1, 2]
    (record,) = caplog.records
    assert record.levelno == logging.ERROR
    assert record.exc_info, "the log has the traceback"
    leave()
    leave()
    listeners(3)
    assert heard == [0, 1, 2, 3]


def test_all_callbacks_are_called_where_one_raises(expected_warnings: list[str]) -> None:
    expected_warnings.append("a callback failed")
    called: list[str] = []

    def fail() -> None:
        raise OSError("the connection is gone")

    call_each([lambda: called.append("first"), fail, lambda: called.append("last")])
    assert called == ["first", "last"]
