"""Nothing that happens before there is a climber is lost, and the climber hears it first."""

from __future__ import annotations

import threading

from avatar_app.core.events import Event, Failed, Noticed
from avatar_app.pipeline.output.face_stage import PERFORM
from avatar_app.runtime.fallback.event_interceptor import EventInterceptor

FALL = Failed(None, PERFORM, "The face broke.", "Choose another.")


class Falls:
    """Takes failures, as a climber does."""

    def __init__(self) -> None:
        self.heard: list[Event] = []

    def hear(self, event: Event) -> bool:
        self.heard.append(event)
        return isinstance(event, Failed)


def test_a_failure_before_attach_reaches_the_supervisor() -> None:
    posted: list[Event] = []
    hear, climber = EventInterceptor(posted.append), Falls()
    hear(Noticed("first"))
    hear(FALL)
    assert posted == []
    hear.attach(climber)
    hear(Noticed("last"))
    assert climber.heard == [Noticed("first"), FALL, Noticed("last")]
    assert posted == [Noticed("first"), Noticed("last")]


def test_events_during_attach_follow_the_queued_ones() -> None:
    class Stirs(Falls):
        def hear(self, event: Event) -> bool:
            taken = super().hear(event)
            if event == Noticed("first"):
                hear(Noticed("meanwhile"))
            return taken

    hear, climber = EventInterceptor(lambda _: None), Stirs()
    hear(Noticed("first"))
    hear(FALL)
    hear.attach(climber)
    assert climber.heard == [Noticed("first"), FALL, Noticed("meanwhile")]


def test_attach_preserves_the_order_of_concurrent_events() -> None:
    count = 2000
    posted: list[Event] = []
    hear, climber = EventInterceptor(posted.append), Falls()
    begun = threading.Event()

    def tell() -> None:
        for number in range(count):
            hear(Noticed(str(number)))
            if number == count // 4:
                begun.set()

    thread = threading.Thread(target=tell)
    thread.start()
    begun.wait()
    hear.attach(climber)
    thread.join()
    assert posted == climber.heard == [Noticed(str(number)) for number in range(count)]
