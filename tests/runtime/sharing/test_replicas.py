"""Replicas are loaded before somebody waits for them, as far as memory allows."""

from __future__ import annotations

import threading

import pytest
from virtual_audio import wait_until

from avatar_app.core.errors import EngineFailed, OutOfMemory
from avatar_app.core.turn import Turn
from avatar_app.runtime.sharing.replicas import ReplicaPool


class Engine:
    def __init__(self, number: int) -> None:
        self.number, self.is_closed = number, False

    def close(self) -> None:
        self.is_closed = True


class Maker:
    """Makes engines, until memory for `room` is used."""

    def __init__(self, room: int) -> None:
        self.room, self.made, self.changed = room, list[Engine](), threading.Condition()

    def __call__(self) -> Engine:
        with self.changed:
            self.changed.notify_all()
            if len(self.made) == self.room:
                raise OutOfMemory("There is no room for another recognizer.")
            self.made.append(Engine(len(self.made)))
            return self.made[-1]

    def wait_for(self, count: int) -> None:
        with self.changed:
            assert self.changed.wait_for(lambda: len(self.made) >= count, 60)


def test_replicas_are_prepared_in_the_background() -> None:
    maker = Maker(9)
    pool = ReplicaPool("Recognizer", maker, 3)
    pool.load()
    pool.prepare(2)
    maker.wait_for(2)
    with pool.engine("a", Turn(1)) as one, pool.engine("b", Turn(2)) as other:
        assert {one.number, other.number} == {0, 1}, "nothing was loaded for them"
    pool.prepare(99)
    maker.wait_for(3)
    pool.close()
    assert len(maker.made) == 3, "no more than there may be"
    assert all(engine.is_closed for engine in maker.made)


def test_where_memory_is_full_those_that_fit_serve_all() -> None:
    maker = Maker(1)
    pool = ReplicaPool("Recognizer", maker, 3)
    pool.prepare(3)
    maker.wait_for(1)
    for client in ("a", "b"):
        with pool.engine(client, Turn(1)) as engine:
            assert engine.number == 0
    pool.close()
    pool.prepare(1)
    with pytest.raises(EngineFailed), pool.engine("c", Turn(2)):
        raise AssertionError("it is closed")


def test_replicas_that_nobody_uses_are_closed_and_loaded_again() -> None:
    maker, now = Maker(9), 0.0
    pool = ReplicaPool("Recognizer", maker, 3, clock=lambda: now)
    with pool.engine("a", Turn(1)), pool.engine("b", Turn(2)), pool.engine("c", Turn(3)):
        now = 100.0
        pool.trim(1, 50.0)
        assert pool.loaded == 3, "all are in use"
    now = 140.0
    pool.trim(1, 50.0)
    assert pool.loaded == 3, "they were used just now"
    now = 160.0
    with pool.engine("c", Turn(4)) as used:
        pool.trim(1, 50.0)
        assert pool.loaded == 1
        assert not used.is_closed
    assert sum(engine.is_closed for engine in maker.made) == 2
    with pool.engine("a", Turn(5)), pool.engine("b", Turn(6)) as again:
        assert again.number == 3, "another one was loaded"
    now = 999.0
    pool.trim(2, 50.0)
    assert pool.loaded == 2
    pool.close()
    assert all(engine.is_closed for engine in maker.made)


def test_a_replica_that_is_prepared_is_not_closed_at_once() -> None:
    maker, now = Maker(9), 1000.0
    pool = ReplicaPool("Recognizer", maker, 3, clock=lambda: now)
    pool.prepare(3)
    maker.wait_for(3)
    wait_until(lambda: pool.loaded == 3, "all are loaded")
    pool.trim(1, 50.0)
    assert pool.loaded == 3
    now += 60.0
    pool.trim(0, 50.0)
    assert pool.loaded == 1, "one always stays"
    pool.close()
