"""Whoever waits for a conversation to settle is never told so while work is at hand."""

from __future__ import annotations

import random
import threading

import pytest

from avatar_app.pipeline.work_tracker import TrackedCondition, WorkTracker

SOON = 20.0
"""Seconds within which a thread must have come to its end; it takes milliseconds."""


def test_tracker_without_work_is_settled() -> None:
    assert WorkTracker().settle(0)


def test_work_under_way_is_not_settled() -> None:
    activity = WorkTracker()
    activity.begin()
    assert not activity.settle(0.01)
    activity.end()
    assert activity.settle(0)


def test_stage_waiting_for_external_input_does_not_count_as_work() -> None:
    activity = WorkTracker()
    with activity.employed():
        assert activity.employs_caller
        assert not activity.settle(0)
        with activity.waiting():
            assert activity.settle(0)
        assert not activity.settle(0)
    assert activity.settle(0)
    assert not activity.employs_caller


def test_waiting_outside_a_stage_is_not_work() -> None:
    activity = WorkTracker()
    bell = TrackedCondition(activity)
    open_: list[bool] = []

    def visit() -> None:
        with bell:
            bell.wait_for(lambda: open_)

    visitor = threading.Thread(target=visit)
    visitor.start()
    assert activity.settle(0)
    with bell:
        open_.append(True)
        bell.ring()
    visitor.join(SOON)
    assert activity._tokens == 0


def test_a_stage_gets_its_token_before_it_wakes() -> None:
    """While the ringer still holds the lock, the stage cannot have woken, and is counted."""
    activity = WorkTracker()
    bell = TrackedCondition(activity)
    ready: list[bool] = []

    def work() -> None:
        with activity.employed():
            employed.wait(SOON)
            with bell:
                bell.wait_for(lambda: ready)

    employed = threading.Barrier(2)
    worker = threading.Thread(target=work)
    worker.start()
    employed.wait(SOON)
    assert activity.settle(SOON)
    assert bell._parked
    with bell:
        bell.ring()  # nothing changed for it
        assert activity.settle(0)
        ready.append(True)
        bell.ring()
        assert not activity.settle(0)
    worker.join(SOON)
    assert activity.settle(0)


@pytest.mark.parametrize("seed", range(3))
def test_settled_means_that_no_work_is_left(seed: int) -> None:
    """Eight stages pass tokens to one another at random until each has lost its strength."""
    chance = random.Random(seed)
    activity = WorkTracker()
    bells = [TrackedCondition(activity) for _ in range(8)]
    inboxes: list[list[int]] = [[] for _ in bells]
    served = [0] * len(bells)
    closed: list[bool] = []
    employed = threading.Barrier(len(bells) + 1)

    def send(number: int, strength: int) -> None:
        with bells[number]:
            inboxes[number].append(strength)
            bells[number].ring()

    def work(number: int) -> None:
        with activity.employed():
            employed.wait(SOON)
            while True:
                with bells[number]:
                    bells[number].wait_for(lambda: inboxes[number] or closed)
                    if not inboxes[number]:
                        return
                    strength = inboxes[number].pop()
                served[number] += 1
                if strength:
                    send((number * 3 + strength) % len(bells), strength - 1)

    threads = [threading.Thread(target=work, args=(n,)) for n in range(len(bells))]
    for thread in threads:
        thread.start()
    employed.wait(SOON)
    expected = 0
    for _ in range(150):
        for _ in range(chance.randint(1, 4)):
            strength = chance.randint(0, 12)
            expected += strength + 1
            send(chance.randrange(len(bells)), strength)
        assert activity.settle(SOON)
        assert sum(served) == expected
    closed.append(True)
    for bell in bells:
        with bell:
            bell.ring()
    for thread in threads:
        thread.join(SOON)
    assert activity._tokens == 0
