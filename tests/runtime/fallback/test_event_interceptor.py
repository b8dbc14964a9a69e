"""Nothing that happens before there is a supervisor is lost, and the supervisor hears it first."""

from __future__ import annotations

import threading

from avatar_app.core.events import Event, Failed, Noticed
from avatar_app.pipeline.output.face_stage import PERFORM
from avatar_app.runtime.fallback.event_interceptor import EventInterceptor

FALL = Failed(None, PERFORM, "The face broke.", "Choose another.")


class FailureConsumer:
    """Takes failures, as a supervisor does."""

    def __init__(self) -> None:
        self.received: list[Event] = []

    def receive(self, event: Event) -> bool:
        self.received.append(event)
        return isinstance(event, Failed)


def test_a_failure_before_attach_reaches_the_supervisor() -> None:
    posted: list[Event] = []
    interceptor, supervisor = EventInterceptor(posted.append), FailureConsumer()
    interceptor(Noticed("first"))
    interceptor(FALL)
    assert posted == []
    interceptor.attach(supervisor)
    interceptor(Noticed("last"))
    assert supervisor.received == [Noticed("first"), FALL, Noticed("last")]
    assert posted == [Noticed("first"), Noticed("last")]


def test_events_during_attach_follow_the_queued_ones() -> None:
    class ReentrantConsumer(FailureConsumer):
        def receive(self, event: Event) -> bool:
            taken = super().receive(event)
            if event == Noticed("first"):
                interceptor(Noticed("meanwhile"))
            return taken

    interceptor, supervisor = EventInterceptor(lambda _: None), ReentrantConsumer()
    interceptor(Noticed("first"))
    interceptor(FALL)
    interceptor.attach(supervisor)
    assert supervisor.received == [Noticed("first"), FALL, Noticed("meanwhile")]


def test_attach_preserves_the_order_of_concurrent_events() -> None:
    count = 2000
    posted: list[Event] = []
    interceptor, supervisor = EventInterceptor(posted.append), FailureConsumer()
    begun = threading.Event()

    def tell() -> None:
        for number in range(count):
            interceptor(Noticed(str(number)))
            if number == count // 4:
                begun.set()

    thread = threading.Thread(target=tell)
    thread.start()
    begun.wait()
    interceptor.attach(supervisor)
    thread.join()
    assert posted == supervisor.received == [Noticed(str(number)) for number in range(count)]
