"""Any engine in a process of its own, behind the same protocol: it may crash, hang or block."""

from __future__ import annotations

import itertools
import queue
import threading
from collections.abc import Callable, Generator, Iterator
from typing import Any

from avatar_app.core.errors import AvatarError, EngineDied, EngineFailed
from avatar_app.core.manifest import Kind
from avatar_app.core.prompt import Prompt
from avatar_app.core.turn import Turn, TurnCancelled
from avatar_app.core.values import (
    AudioChunk,
    FaceState,
    SpeechChunk,
    ToolCall,
    ToolResult,
    Transcript,
    VideoFrame,
)
from avatar_app.engines.hosting.messages import (
    Call,
    Cancel,
    Died,
    Grant,
    InputEnded,
    Item,
    Output,
    Raised,
    Ready,
    Returned,
)
from avatar_app.engines.hosting.process import ChildProcess, Inbox

LOAD_PATIENCE = 120.0
"""Seconds that an engine may take to load."""
PATIENCE = 20.0
"""Seconds without an output, with all input there, after which an engine counts as hung."""
_CANCELLED = object()
_ALL_SENT = object()


class Host:
    """Owns the child process; a call after the child's death starts a new one.

    `factory` must pickle: it makes the engine inside the child. Loading begins at once and in the
    background; the first call waits for it.
    """

    attributes: tuple[str, ...] = ()
    """Attributes of the engine that are copied when it is loaded."""

    def __init__(self, factory: Callable[[], Any], title: str, patience: float = PATIENCE) -> None:
        self._factory, self._title, self._patience = factory, title, patience
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
        self._loaded()

    def configure(self, **options: Any) -> None:
        self._ask("configure", **options)
        self._options |= options  # a new child after a crash gets them too

    def close(self) -> None:
        with self._exchanging:
            self._closed = True
        self._child.close()

    def _begin(self) -> ChildProcess:
        return ChildProcess(self._factory, self.attributes, self._title)

    def _loaded(self) -> ChildProcess:
        with self._loading:
            child = self._living()
            if child.ready is None:
                self._await_ready(child)
            return child

    def _living(self) -> ChildProcess:
        with self._exchanging:
            if self._closed:
                raise EngineFailed(f"{self._title} is closed.", "Start the application again.")
            if self._child.dead:
                self._child = self._begin()
            return self._child

    def _await_ready(self, child: ChildProcess) -> None:
        try:
            message = child.loading.get(timeout=LOAD_PATIENCE)
        except queue.Empty:
            message = Died("took too long to load")
        if not isinstance(message, Ready):
            child.kill()
            raise message.error if isinstance(message, Raised) else self._dead(message)
        for name, value in message.attributes.items():
            setattr(self, name, value)
        child.ready = message
        if self._options:
            self._ask("configure", **self._options)

    def _ask(self, method: str, *arguments: Any, **options: Any) -> Any:
        """Call a method that returns."""
        call = Call(next(self._ids), method, arguments, options)
        child = self._loaded()
        inbox = child.open(call.id)
        try:
            child.send(call)
            return self._take(child, inbox).value
        finally:
            child.shut(call.id)

    def _stream(
        self,
        method: str,
        turn: Turn,
        *arguments: Any,
        live: Iterator[Any] | None = None,
    ) -> Generator[Any, Any, None]:
        """Call a generator method; `live` is pumped into it by a thread."""
        child = self._loaded()
        id = next(self._ids)
        inbox = child.open(id)
        turn.when_cancelled(lambda: inbox.put(_CANCELLED))
        pump = _Pump(child.send, id, live, inbox) if live is not None else None
        try:
            child.send(
                Call(
                    id,
                    method,
                    arguments,
                    turn_id=turn.id,
                    user_text=turn.user_text,
                    live=live is not None,
                )
            )
            if pump is not None:
                pump.start()
            while isinstance(message := self._take(child, inbox, pump), Output):
                turn.check()
                answer = yield message.value
                if isinstance(message.value, ToolCall):
                    child.send(Item(id, answer))
                child.send(Grant(id))
        finally:
            child.shut(id)
            child.send(Cancel(id))  # after a call that is over the child ignores it

    def _take(self, child: ChildProcess, inbox: Inbox, pump: _Pump | None = None) -> Any:
        while True:
            try:
                message = inbox.get(timeout=self._patience)
            except queue.Empty:
                if pump is not None and pump.busy:
                    continue
                child.kill()
                message = Died("does not answer; it was stopped")
            if message is _ALL_SENT:
                continue  # from now on the child is waited for
            if message is _CANCELLED:
                raise TurnCancelled
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


class _Pump(threading.Thread):
    """Carries a live input into the child, and tells `inbox` when all of it was sent."""

    def __init__(
        self, send: Callable[[Any], None], id: int, items: Iterator[Any], inbox: Inbox
    ) -> None:
        super().__init__(name="pump", daemon=True)
        self._send, self._id, self._items, self._inbox = send, id, items, inbox
        self.busy = True

    def run(self) -> None:
        try:
            for item in self._items:
                self._send(Item(self._id, item))
            self._send(InputEnded(self._id))
        except TurnCancelled:
            self._send(Cancel(self._id))
        finally:
            self.busy = False
            self._inbox.put(_ALL_SENT)


class HostedRecognizer(Host):
    def transcribe(self, audio: Iterator[AudioChunk], turn: Turn) -> Iterator[Transcript]:
        return self._stream("transcribe", turn, live=audio)


class HostedDialogue(Host):
    def reply(
        self, prompt: Prompt, turn: Turn
    ) -> Generator[str | ToolCall, ToolResult | None, None]:
        return self._stream("reply", turn, prompt)


class HostedVoice(Host):
    def speak(self, text: str, turn: Turn) -> Iterator[SpeechChunk]:
        return self._stream("speak", turn, text)


class HostedFace(Host):
    attributes = ("fps",)
    _fps: float | None = None

    @property
    def fps(self) -> float:
        if self._fps is None:
            self.wait_ready()
        assert self._fps is not None, "the child tells its fps when it is ready"
        return self._fps

    @fps.setter
    def fps(self, fps: float) -> None:
        self._fps = fps

    def perform(
        self, speech: Iterator[SpeechChunk], turn: Turn, after: VideoFrame | None = None
    ) -> Iterator[VideoFrame]:
        return self._stream("perform", turn, after, live=speech)

    def rest(self, look: FaceState, after: VideoFrame | None = None) -> VideoFrame:
        frame: VideoFrame = self._ask("rest", look, after)
        return frame


HOSTED: dict[Kind, type[Host]] = {
    Kind.ASR: HostedRecognizer,
    Kind.DIALOGUE: HostedDialogue,
    Kind.TTS: HostedVoice,
    Kind.FACE: HostedFace,
}
"""Kinds whose engines can live in a process; the others work in blocks of 10 ms and cannot wait."""
__all__ = ["HOSTED", "Host", "Returned"]
