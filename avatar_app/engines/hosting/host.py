"""The host of an engine in a separate process, where it may crash, hang or block."""

from __future__ import annotations

import itertools
import queue
import threading
from collections.abc import Callable, Generator, Iterator
from contextlib import contextmanager
from typing import Any

from avatar_app.core.errors import AvatarError, EngineDied, EngineFailed
from avatar_app.core.turn import Turn, TurnCancelled
from avatar_app.core.values import (
    ToolCall,
)
from avatar_app.engines.hosting.messages import (
    CONFIGURE,
    Beat,
    Call,
    Cancel,
    Died,
    Grant,
    Item,
    Output,
    Raised,
    Ready,
    Returned,
)
from avatar_app.engines.hosting.process import ChildProcess, Inbox, Start, spawned
from avatar_app.engines.hosting.pump import ALL_SENT, Pump
from avatar_app.engines.hosting.share import ProcessShare
from avatar_app.engines.hosting.watch import LOOK_EVERY, Watch

LOAD_PATIENCE = 120.0
"""Seconds that an engine may take to load, as `Watch` counts them."""
PATIENCE = 20.0
"""Seconds without a sign of life, with all input there, after which an engine counts as hung, as
`Watch` counts them; one that says `patience` itself gets as many."""
_CANCELLED = object()


class Host:
    """Owns the child process; a call after the child's death starts a new one.

    `factory` must pickle: it makes the engine inside the child, which `start` starts. Loading
    begins at once and in the background; the first call waits for it.
    """

    attributes: tuple[str, ...] = ()
    """Attributes of the engine, besides its patience, that are copied when it is loaded or
    configured."""
    patience = 0.0
    """Seconds for which the engine itself would wait for an output; 0 if it does not say."""

    def __init__(
        self,
        factory: Callable[[], Any],
        title: str,
        patience: float = PATIENCE,
        share: ProcessShare | None = None,
        start: Start = spawned,
    ) -> None:
        self._factory, self._title, self._patience = factory, title, patience
        self._start = start
        self._share = share or ProcessShare()
        self._ids = itertools.count(1)
        self._options: dict[str, Any] = {}
        self._loading = threading.RLock()
        self._exchanging = threading.Lock()  # unlike the other never held while an engine loads
        self._closed = False
        self._child = self._begin()

    @property
    def pid(self) -> int:
        """The number of the engine's process, which may have ended."""
        return self._child.pid

    def wait_ready(self) -> None:
        """Block until the engine is loaded; raises what its constructor raised."""
        self._loaded(Turn(0))

    def configure(self, **options: Any) -> None:
        self._adopt(self._ask(CONFIGURE, **options))
        self._options |= options  # a new child after a crash gets them too

    def close(self) -> None:
        with self._exchanging:
            self._closed = True
        self._child.close()

    def _begin(self) -> ChildProcess:
        attributes = ("patience", *self.attributes)
        return ChildProcess(self._factory, attributes, self._title, self._share, self._start)

    def _loaded(self, turn: Turn) -> ChildProcess:
        """The child with the engine in it; `turn`: for whom it is waited for."""
        with self._explained(turn), self._alone(turn):
            child = self._living()
            if child.ready is None:
                self._await_ready(child, turn)
            return child

    @contextmanager
    def _explained(self, turn: Turn) -> Iterator[None]:
        """Explain to users of `turn` that the engine is loading."""
        if self._child.ready is not None and not self._child.dead:
            yield
            return
        turn.explain_wait(f"{self._title} is loading.")
        try:
            yield
        finally:
            turn.explain_wait("")

    @contextmanager
    def _alone(self, turn: Turn) -> Iterator[None]:
        """One waits for the engine, and the others, while it lives, for that one."""
        while not self._loading.acquire(timeout=LOOK_EVERY):
            turn.stir()
        try:
            yield
        finally:
            self._loading.release()

    def _living(self) -> ChildProcess:
        with self._exchanging:
            if self._closed:
                raise EngineFailed(f"{self._title} is closed.", "Start the application again.")
            if self._child.dead:
                self._child = self._begin()
            return self._child

    def _await_ready(self, child: ChildProcess, turn: Turn) -> None:
        watch = Watch(LOAD_PATIENCE, child.reading)
        while True:
            try:
                message = child.loading.get(timeout=watch.step)
                break
            except queue.Empty:
                if watch.is_over():
                    message = Died("took too long to load")
                    break
                turn.stir()
        if not isinstance(message, Ready):
            child.kill()
            raise message.error if isinstance(message, Raised) else self._dead(message)
        self._adopt(message.attributes)
        child.ready = message
        if self._options:
            self._adopt(self._ask(CONFIGURE, **self._options))

    def _adopt(self, attributes: dict[str, Any]) -> None:
        for name, value in attributes.items():
            setattr(self, name, value)

    def _ask(self, method: str, *arguments: Any, **options: Any) -> Any:
        """Call a method that returns."""
        call, turn = Call(next(self._ids), method, arguments, options), Turn(0)
        child = self._loaded(turn)
        inbox = child.open(call.id)
        loads = method == CONFIGURE  # another model perhaps
        watch = self._watch(child, LOAD_PATIENCE if loads else self._patience)
        try:
            child.send(call)
            return self._take(child, inbox, turn, watch).value
        finally:
            child.shut(call.id)

    def _stream(
        self,
        method: str,
        turn: Turn,
        *arguments: Any,
        live: Iterator[Any] | None = None,
        job: bool = False,
    ) -> Generator[Any, Any, None]:
        """Call a generator method; `live` is pumped into it by a thread. `job`: it takes one in
        place of the turn, and its progress is yielded too."""
        child = self._loaded(turn)
        id = next(self._ids)
        inbox = child.open(id)
        turn.when_cancelled(lambda: inbox.put(_CANCELLED))
        pump = Pump(child.send, id, live, inbox) if live is not None else None
        try:
            has_input = live is not None
            child.send(Call(id, method, arguments, {}, turn.id, turn.user_text, has_input, job))
            if pump is not None:
                pump.start()
            watch = self._watch(child, self._patience)
            while isinstance(message := self._take(child, inbox, turn, watch, pump), Output):
                turn.check()
                answer = yield message.value
                if isinstance(message.value, ToolCall):
                    child.send(Item(id, answer))
                child.send(Grant(id))
        finally:
            child.shut(id)
            child.send(Cancel(id))  # after a call that is over the child ignores it

    def _watch(self, child: ChildProcess, patience: float) -> Watch:
        return Watch(max(patience, self.patience), child.reading)

    def _take(
        self,
        child: ChildProcess,
        inbox: Inbox,
        turn: Turn,
        watch: Watch,
        pump: Pump | None = None,
    ) -> Any:
        """Return the next message other than a heartbeat; raises exceptions sent by the child."""
        watch.progressed()
        while (message := _next(child, inbox, turn, watch, pump)) is ALL_SENT:
            watch.progressed()  # from now on the child is waited for
        if message is _CANCELLED:
            raise TurnCancelled
        if isinstance(message, Raised) and isinstance(message.error, TurnCancelled):
            turn.check()
            raise self._dead(Died("was stopped"))  # it was closed in the middle of its work
        if isinstance(message, Raised):
            raise message.error
        if isinstance(message, Died):
            raise self._dead(message)
        return message

    def _dead(self, died: Died) -> AvatarError:
        return EngineDied(
            f"{self._title} {died.reason}.",
            "It is started again with the next turn; if it fails again, choose another engine.",
        )


def _next(child: ChildProcess, inbox: Inbox, turn: Turn, watch: Watch, pump: Pump | None) -> Any:
    """The next message but beats; of a child that hangs that it died."""
    while True:
        heard = child.heard
        try:
            message = inbox.get(timeout=watch.step)
        except queue.Empty:
            if child.heard != heard or (pump is not None and pump.busy):
                watch.progressed()
            elif watch.is_over():
                child.kill()
                return Died("does not answer; it was stopped")
            turn.stir()
            continue
        if not isinstance(message, Beat):
            return message
        watch.progressed()
        turn.stir()
        turn.explain_wait(message.waits_for)


__all__ = ["Host", "Returned"]
