"""Who waits for a shared engine is served in a fair order, and can leave."""

from __future__ import annotations

import threading

import pytest

from avatar_app.core.turn import Turn, TurnCancelled
from avatar_app.runtime.sharing.fair_queue import FairQueue


class Waiting:
    """Requests that wait in threads, in this order, and when each was served."""

    def __init__(self, queue: FairQueue) -> None:
        self._queue, self.served = queue, list[str]()
        self._threads: list[threading.Thread] = []

    def add(self, client: str, name: str) -> None:
        before = self._queue.waiting
        thread = threading.Thread(target=self._serve, args=(client, name))
        self._threads.append(thread)
        thread.start()
        while self._queue.waiting == before:
            threading.Event().wait(0.001)

    def _serve(self, client: str, name: str) -> None:
        place = self._queue.acquire(client, Turn(1))
        self.served.append(name)
        self._queue.release(place)

    def join(self) -> None:
        for thread in self._threads:
            thread.join()


def test_a_client_with_much_to_do_waits_behind_one_with_little() -> None:
    queue = FairQueue(1)
    place = queue.acquire("busy", Turn(1))
    waiting = Waiting(queue)
    for number in range(5):
        waiting.add("busy", f"busy {number}")
    waiting.add("modest", "modest")
    queue.release(place)
    waiting.join()
    assert waiting.served[0] == "modest"
    assert waiting.served[1:] == [f"busy {number}" for number in range(5)]


def test_two_clients_take_turns() -> None:
    queue = FairQueue(1)
    place = queue.acquire("someone", Turn(1))
    waiting = Waiting(queue)
    for client in ("a", "a", "a", "b", "b", "b"):
        waiting.add(client, client)
    queue.release(place)
    waiting.join()
    assert waiting.served == ["a", "b", "a", "b", "a", "b"]


def test_a_cancelled_turn_leaves_the_queue() -> None:
    queue, turn = FairQueue(1), Turn(1)
    place = queue.acquire("a", Turn(2))
    refused: list[type] = []

    def wait() -> None:
        with pytest.raises(TurnCancelled):
            queue.acquire("b", turn)
        refused.append(TurnCancelled)

    thread = threading.Thread(target=wait)
    thread.start()
    while not queue.waiting:
        threading.Event().wait(0.001)
    turn.cancel()
    thread.join()
    assert refused == [TurnCancelled]
    assert queue.waiting == 0
    queue.release(place)
    queue.release(queue.acquire("c", Turn(3)))


def test_a_client_returns_to_its_place_and_a_place_can_be_given_up() -> None:
    queue = FairQueue(2)
    first, second = queue.acquire("a", Turn(1)), queue.acquire("b", Turn(1))
    queue.release(first)
    queue.release(second)
    assert queue.acquire("b", Turn(2)) == second
    assert queue.retire()
    assert queue.acquire("b", Turn(2)) == first
    assert not queue.retire()
