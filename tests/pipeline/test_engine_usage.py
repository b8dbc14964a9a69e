"""Nobody who picked an engine is overlooked, and a free engine is picked by nobody again."""

from __future__ import annotations

import threading

from avatar_app.pipeline.engine_usage import EngineUsage

SOON = 10.0


def test_engine_is_free_when_its_last_user_has_left() -> None:
    engine_usage, engine, other = EngineUsage(), object(), object()
    with engine_usage.of(lambda: engine), engine_usage.of(lambda: other):
        with engine_usage.of(lambda: engine) as picked:
            assert picked is engine
        assert not engine_usage.wait_free(engine, 0.0)
    assert engine_usage.wait_free(engine, 0.0)


def test_wait_free_returns_when_the_engine_is_free() -> None:
    engine_usage, engine = EngineUsage(), object()
    free: list[bool] = []
    waiting = threading.Thread(target=lambda: free.append(engine_usage.wait_free(engine, SOON)))
    with engine_usage.of(lambda: engine):
        waiting.start()
        assert not free
    waiting.join(SOON)
    assert free == [True]


def test_replaced_free_engine_is_never_used_again() -> None:
    engine_usage, closed = EngineUsage(), []
    current = [object()]
    worked_with_closed: list[bool] = []
    stop = threading.Event()

    def work() -> None:
        while not stop.is_set():
            with engine_usage.of(lambda: current[0]) as engine:
                worked_with_closed.append(engine in closed)

    workers = [threading.Thread(target=work) for _ in range(3)]
    for worker in workers:
        worker.start()
    for _ in range(200):
        former, current[0] = current[0], object()
        assert engine_usage.wait_free(former, SOON)
        closed.append(former)
    stop.set()
    for worker in workers:
        worker.join(SOON)
    assert len(worked_with_closed) > 10
    assert not any(worked_with_closed)
