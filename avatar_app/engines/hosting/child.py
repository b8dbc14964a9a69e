"""The child process of a host: owns one engine and runs each call to it in a thread."""

from __future__ import annotations

import logging
import queue
import signal
import threading
import time
import traceback
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from multiprocessing.connection import Connection
from typing import Any, Protocol

from avatar_app.core.errors import AvatarError, EngineFailed
from avatar_app.core.jobs import Job
from avatar_app.core.out_of_memory import is_out_of_memory, out_of_memory
from avatar_app.core.turn import Turn
from avatar_app.core.values import ToolCall
from avatar_app.engines.hosting.messages import (
    CONFIGURE,
    CREDIT,
    Beat,
    Call,
    Cancel,
    Close,
    Grant,
    InputEnded,
    Item,
    Output,
    Raised,
    Ready,
    Returned,
)
from avatar_app.engines.hosting.share import ProcessShare, give_back_memory

END_PATIENCE = 2.0
"""Seconds that a cancelled call may take to end when the engine is to be closed."""
BEAT_EVERY = 0.25
"""Seconds between two signs of life, at the most often."""

log = logging.getLogger(__name__)
_END = object()


class Pipe(Protocol):
    """The child's end of the way to the application."""

    def send(self, message: Any, /) -> None:
        """Send a message; raises OSError where nobody is there any more."""

    def recv(self) -> Any:
        """Wait for a message; raises EOFError where none will come."""


class _Turn(Turn):
    """A turn that reports to the application when the engine checks it, so that it does not count
    as hung."""

    def __init__(self, call: Call, send: Callable[[Any], None]) -> None:
        super().__init__(call.turn_id or 0, call.user_text)
        self._call_id, self._send = call.id, send
        self._beat_at = time.monotonic()

    def check(self) -> None:
        super().check()
        if time.monotonic() - self._beat_at >= BEAT_EVERY:
            self._beat()

    def explain_wait(self, sentence: str) -> None:
        if sentence != self.waits_for:
            super().explain_wait(sentence)
            self._beat()

    def _beat(self) -> None:
        self._beat_at = time.monotonic()
        self._send(Beat(self._call_id, self.waits_for))


class _Running:
    """A call under way."""

    def __init__(self, call: Call, send: Callable[[Any], None]) -> None:
        self.call = call
        self.turn = _Turn(call, send)
        self.input: queue.SimpleQueue[Any] = queue.SimpleQueue()
        self.credit = threading.Semaphore(CREDIT)
        self.ended = threading.Event()

    def cancel(self) -> None:
        self.turn.cancel()
        self.input.put(_END)
        self.credit.release()

    def live_input(self) -> _LiveInput:
        return _LiveInput(self.turn, self.input)


class _LiveInput(Iterator[Any]):
    """What the application sends to a call, until its end; a `core.engines.LiveAudio` of blocks."""

    def __init__(self, turn: Turn, items: queue.SimpleQueue[Any]) -> None:
        self._turn, self._items = turn, items
        self._ended = False

    def __next__(self) -> Any:
        self._turn.check()
        item = _END if self._ended else self._items.get()
        self._turn.check()
        if item is _END:
            self._ended = True
            raise StopIteration
        return item

    @property
    def ready(self) -> bool:
        return self._ended or not self._items.empty()


@dataclass(frozen=True, slots=True)
class _Served:
    """The engine, and who asks for it."""

    engine: Any
    names: tuple[str, ...]
    send: Callable[[Any], None]
    calls: dict[int, _Running]

    def attributes(self) -> dict[str, Any]:
        """Those that the application wants to know, as they are now."""
        return {
            name: getattr(self.engine, name) for name in self.names if hasattr(self.engine, name)
        }


def serve(
    connection: Connection,
    factory: Callable[[], Any],
    attributes: tuple[str, ...],
    share: ProcessShare,
) -> None:
    """Load the engine that `factory` makes and serve calls until the connection closes."""
    share.take()
    signal.signal(signal.SIGINT, signal.SIG_IGN)  # the application ends its children itself
    serve_engine(connection, factory, attributes)


def serve_engine(connection: Pipe, factory: Callable[[], Any], attributes: tuple[str, ...]) -> None:
    """Like `serve`, in a process that others have set up."""
    lock = threading.Lock()

    def send(message: Any) -> None:
        with lock:
            connection.send(message)

    try:
        engine = factory()
    except Exception as error:  # a seam: the parent turns it into a sentence for the user
        send(_raised(0, error))
        return
    give_back_memory()
    calls: dict[int, _Running] = {}
    served = _Served(engine, attributes, send, calls)
    send(Ready(served.attributes()))
    try:
        while not isinstance(message := connection.recv(), Close):
            _receive(message, served)
    except (EOFError, OSError):
        log.info("the application is gone")
    if _all_ended(list(calls.values())):
        engine.close()


def _all_ended(calls: list[_Running]) -> bool:
    """Cancel what is under way. An engine that does not end in time is not closed under its own
    feet: its process ends anyway."""
    for running in calls:
        running.cancel()
    return all(running.ended.wait(END_PATIENCE) for running in calls)


def _receive(message: Any, served: _Served) -> None:
    calls = served.calls
    if isinstance(message, Call):
        running = calls[message.id] = _Running(message, served.send)
        threading.Thread(
            target=_run, args=(running, served), name=message.method, daemon=True
        ).start()
        return
    known = calls.get(message.id)
    if known is None:
        return
    match message:
        case Item():
            known.input.put(message.value)
        case InputEnded():
            known.input.put(_END)
        case Cancel():
            known.cancel()
        case Grant():
            known.credit.release()


def _run(running: _Running, served: _Served) -> None:
    call = running.call
    try:
        value = _call(running, served)
        served.send(Returned(call.id, value))
    except (BrokenPipeError, ConnectionResetError):
        log.info("the application is gone")
    except Exception as error:  # a seam: the parent turns it into a sentence for the user
        served.send(_raised(call.id, error))
    finally:
        served.calls.pop(call.id, None)
        running.ended.set()


def _call(running: _Running, served: _Served) -> Any:
    call = running.call
    method = getattr(served.engine, call.method)
    if call.method == CONFIGURE:
        method(**call.options)
        return served.attributes()
    if call.job:
        _work(running, method, served.send)
        return None
    if call.turn_id is None:
        return method(*call.arguments, **call.options)
    first = (running.live_input(),) if call.live else ()
    before, after = call.arguments[: 0 if call.live else 1], call.arguments[0 if call.live else 1 :]
    _stream(running, method(*first, *before, running.turn, *after), served.send)
    return None


def _work(running: _Running, method: Callable[..., Any], send: Callable[[Any], None]) -> None:
    """Run a method that takes a job; send its progress, and what it yields or returns."""

    def pass_on(value: Any) -> None:
        running.credit.acquire()
        running.turn.check()
        send(Output(running.call.id, value))

    def work(job: Job[None]) -> None:
        value = method(*running.call.arguments, job)
        if not isinstance(value, Iterator):
            pass_on(value)
            return
        try:
            for each in value:
                pass_on(each)
        finally:
            getattr(value, "close", lambda: None)()

    job = Job[None](running.call.method, work)
    job.when_progressed(pass_on)
    running.turn.when_cancelled(job.cancel)
    job.run()


def _stream(running: _Running, outputs: Any, send: Callable[[Any], None]) -> None:
    try:
        answer: Any = None
        step = getattr(outputs, "send", lambda _answer: next(outputs))
        while True:
            try:
                output = step(answer)
            except StopIteration:
                return
            running.credit.acquire()
            running.turn.check()
            send(Output(running.call.id, output))
            answer = running.input.get() if isinstance(output, ToolCall) else None
            running.turn.check()
    finally:
        if hasattr(outputs, "close"):
            outputs.close()


def _raised(id: int, error: Exception) -> Raised:
    """What can be sent: errors for the user as they are, bugs as a sentence and their traceback."""
    if type(error).__module__.startswith("avatar_app.core."):
        return Raised(id, error)
    if isinstance(
        error, AvatarError
    ):  # the engine's own class, which only this process can unpickle
        return Raised(id, EngineFailed(error.message, error.hint))
    if is_out_of_memory(error):
        return Raised(id, out_of_memory("this engine"))
    failure = EngineFailed(
        f"Something broke: {type(error).__name__}: {error}.",
        "The log has the details; try once more, or choose another engine in the settings.",
    )
    return Raised(id, failure, "".join(traceback.format_exception(error)))
