"""Any engine in a process of its own, behind the same protocol: it may crash, hang or block."""

from __future__ import annotations

import itertools
import multiprocessing
import queue
import threading
from collections.abc import Callable, Generator, Iterator
from multiprocessing.connection import Connection
from typing import Any

from avatar_app.core.errors import AvatarError, EngineFailed
from avatar_app.core.manifest import Kind
from avatar_app.core.prompt import Prompt
from avatar_app.core.turn import Turn, TurnCancelled
from avatar_app.core.values import (
    AudioChunk,
    Look,
    SpeechChunk,
    ToolCall,
    ToolResult,
    Transcript,
    VideoFrame,
)
from avatar_app.engines.host_child import serve
from avatar_app.engines.host_messages import (
    Call,
    Cancel,
    Close,
    Died,
    Grant,
    InputEnded,
    Item,
    Output,
    Raised,
    Ready,
    Returned,
)

LOAD_PATIENCE = 120.0
"""Seconds that an engine may take to load."""
PATIENCE = 20.0
"""Seconds without an output, with all input there, after which an engine counts as hung."""
CLOSE_PATIENCE = 3.0
"""Seconds that an engine may take to end before its process is killed."""
_CANCELLED = object()


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
        self._calls: dict[int, queue.SimpleQueue[Any]] = {}
        self._options: dict[str, Any] = {}
        self._lock = threading.RLock()
        self._sending = threading.Lock()
        self._closed = False
        self._begin()

    def wait_ready(self) -> None:
        """Block until the engine is loaded; raises what its constructor raised."""
        with self._lock:
            if self._closed:
                raise EngineFailed(f"{self._title} is closed.", "Start the application again.")
            if self._ready is not None:
                return
            if self._lost:
                self._begin()
            self._await_ready()

    def configure(self, **options: Any) -> None:
        self._options |= options  # a new child after a crash gets them too
        self._ask("configure", **options)

    def close(self) -> None:
        with self._lock:
            self._closed = True
        self._send(Close())
        self._process.join(CLOSE_PATIENCE)
        self._kill()
        self._reader.join(CLOSE_PATIENCE)

    def _begin(self) -> None:
        spawn = multiprocessing.get_context("spawn")
        self._connection, theirs = spawn.Pipe()
        self._process = spawn.Process(
            target=serve,
            args=(theirs, self._factory, self.attributes),
            name=self._title,
            daemon=True,
        )
        self._process.start()
        theirs.close()
        self._ready: Ready | None = None
        self._lost = False
        self._loading: queue.SimpleQueue[Any] = queue.SimpleQueue()
        self._reader = threading.Thread(
            target=self._read, args=(self._connection,), name=f"{self._title} host", daemon=True
        )
        self._reader.start()

    def _await_ready(self) -> None:
        try:
            message = self._loading.get(timeout=LOAD_PATIENCE)
        except queue.Empty:
            self._kill()
            message = Died("took too long to load")
        if isinstance(message, Raised):
            self._lost = True
            raise message.error
        if isinstance(message, Died):
            self._lost = True
            raise self._dead(message)
        self._ready = message
        for name, value in message.attributes.items():
            setattr(self, name, value)
        if self._options:
            self._ask("configure", **self._options)

    def _read(self, connection: Connection) -> None:
        try:
            while True:
                message = connection.recv()
                if isinstance(message, Ready) or (isinstance(message, Raised) and not message.id):
                    self._loading.put(message)
                elif inbox := self._calls.get(message.id):
                    inbox.put(message)
        except (EOFError, OSError):
            self._process.join(CLOSE_PATIENCE)
            died = Died(f"stopped (exit code {self._process.exitcode})")
        self._ready, self._lost = None, True
        self._loading.put(died)
        for inbox in list(self._calls.values()):
            inbox.put(died)

    def _ask(self, method: str, *arguments: Any, **options: Any) -> Any:
        """Call a method that returns."""
        call = Call(next(self._ids), method, arguments, options)
        with self._lock:
            self.wait_ready()
        inbox = self._calls[call.id] = queue.SimpleQueue()
        try:
            self._send(call)
            return self._take(inbox, patient=False).value
        finally:
            del self._calls[call.id]

    def _stream(
        self,
        method: str,
        turn: Turn,
        *arguments: Any,
        live: Iterator[Any] | None = None,
    ) -> Generator[Any, Any, None]:
        """Call a generator method; `live` is pumped into it by a thread."""
        self.wait_ready()
        id = next(self._ids)
        inbox = self._calls[id] = queue.SimpleQueue()
        turn.when_cancelled(lambda: inbox.put(_CANCELLED))
        pump = _Pump(self._send, id, live) if live is not None else None
        try:
            self._send(
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
            while isinstance(message := self._take(inbox, pump is not None and pump.busy), Output):
                turn.check()
                answer = yield message.value
                if isinstance(message.value, ToolCall):
                    self._send(Item(id, answer))
                self._send(Grant(id))
        finally:
            del self._calls[id]
            self._send(Cancel(id))  # after a call that is over the child ignores it

    def _take(self, inbox: queue.SimpleQueue[Any], patient: bool) -> Any:
        while True:
            try:
                message = inbox.get(timeout=self._patience)
            except queue.Empty:
                if patient:
                    continue
                self._kill()
                message = Died("does not answer; it was stopped")
            if message is _CANCELLED:
                raise TurnCancelled
            if isinstance(message, Raised):
                raise message.error
            if isinstance(message, Died):
                raise self._dead(message)
            return message

    def _send(self, message: Any) -> None:
        try:
            with self._sending:
                self._connection.send(message)
        except (BrokenPipeError, ConnectionResetError, OSError):
            self._lost = True  # whoever waits for an answer is told by the reader

    def _kill(self) -> None:
        if self._process.is_alive():
            self._process.kill()
            self._process.join(CLOSE_PATIENCE)

    def _dead(self, died: Died) -> AvatarError:
        return EngineFailed(
            f"{self._title} {died.reason}.",
            "It is started again with the next turn; if it fails again, choose another engine.",
        )


class _Pump(threading.Thread):
    """Carries a live input into the child."""

    def __init__(self, send: Callable[[Any], None], id: int, items: Iterator[Any]) -> None:
        super().__init__(name="pump", daemon=True)
        self._send, self._id, self._items = send, id, items
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

    def rest(self, look: Look, after: VideoFrame | None = None) -> VideoFrame:
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
