"""A fair queue: of the clients that wait, the one that was served longest ago is next."""

from __future__ import annotations

import itertools
import threading
from dataclasses import dataclass

from avatar_app.core.turn import Turn

OTHERS_FIRST = "Others are served first."
LOOK_EVERY = 0.5
"""Seconds between two signs of life of a turn that waits."""
MOST_REMEMBERED = 1_000
"""Clients whose last service is remembered."""


@dataclass(frozen=True, slots=True, eq=False)
class _Ticket:
    client: str
    number: int


class FairQueue:
    """Lends numbered places, each to one turn at a time; thread-safe.

    A client with many requests waits behind one with few, so nobody is starved by another's work.
    A client gets its former place where that is free.
    """

    def __init__(self, places: int) -> None:
        self._changed = threading.Condition()
        self._free = list(range(places))
        self._empty: set[int] = set()
        self._places = places
        self._numbers = itertools.count(1)
        self._waiting: list[_Ticket] = []
        self._served: dict[str, int] = {}
        self._places_before: dict[str, int] = {}

    @property
    def waiting(self) -> int:
        """Return how many turns wait."""
        return len(self._waiting)

    def acquire(self, client: str, turn: Turn) -> int:
        """Wait for a place; raises TurnCancelled if `turn` is cancelled before."""
        turn.when_cancelled(self._ring)
        with self._changed:
            ticket = _Ticket(client, next(self._numbers))
            self._waiting.append(ticket)
            try:
                self._wait(ticket, turn)
                turn.check()
                place = self._best_for(client)
                self._free.remove(place)
                self._empty.discard(place)
                self._remember(client, place)
                return place
            finally:
                self._waiting.remove(ticket)
                turn.explain_wait("")
                self._changed.notify_all()

    def release(self, place: int) -> None:
        """Give a place back."""
        with self._changed:
            self._free = sorted([*self._free, place])
            self._changed.notify_all()

    def take(self, place: int) -> bool:
        """Take a place for upkeep if nobody has it, nor waits for one; returns whether."""
        with self._changed:
            if place not in self._free or self._waiting:
                return False
            self._free.remove(place)
            return True

    def vacate(self, place: int) -> None:
        """Lend other places first until this one is lent again: nothing is there any more."""
        with self._changed:
            self._empty.add(place)

    def retire(self) -> bool:
        """Give up the caller's place for good, as nothing fits there; returns False where it is the
        last one, which stays the caller's."""
        with self._changed:
            if self._places == 1:
                return False
            self._places -= 1
            return True

    def _best_for(self, client: str) -> int:
        filled = [place for place in self._free if place not in self._empty] or self._free
        before = self._places_before.get(client)
        return before if before in filled else filled[0]

    def _wait(self, ticket: _Ticket, turn: Turn) -> None:
        while not (turn.cancelled or (self._free and self._next() is ticket)):
            turn.explain_wait(OTHERS_FIRST)
            turn.stir()
            self._changed.wait(LOOK_EVERY)

    def _next(self) -> _Ticket:
        return min(self._waiting, key=lambda each: (self._served.get(each.client, 0), each.number))

    def _remember(self, client: str, place: int) -> None:
        self._served.pop(client, None)
        self._served[client] = next(self._numbers)
        self._places_before[client] = place
        while len(self._served) > MOST_REMEMBERED:
            oldest = next(iter(self._served))
            del self._served[oldest], self._places_before[oldest]

    def _ring(self) -> None:
        with self._changed:
            self._changed.notify_all()
