"""A realtime server that follows a script, also one that lies."""

from __future__ import annotations

import json
import threading
from base64 import b64decode, b64encode
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from typing import Any

import numpy as np
from websockets.exceptions import ConnectionClosed
from websockets.sync.server import ServerConnection, serve

RATE = 24_000
Act = Callable[["Line"], None]


@dataclass
class Line:
    """One connection: what came, and how to answer."""

    socket: ServerConnection
    received: list[dict[str, Any]] = field(default_factory=list)
    responses: int = 0

    def send(self, kind: str, **fields: Any) -> None:
        self.socket.send(json.dumps({"type": kind} | fields))

    def of(self, kind: str) -> list[dict[str, Any]]:
        return [event for event in self.received if event["type"] == kind]

    @property
    def sound(self) -> bytes:
        """All sound that came, 16-bit PCM."""
        return b"".join(b64decode(each["audio"]) for each in self.of("input_audio_buffer.append"))

    @property
    def id(self) -> str:
        return f"resp_{self.responses}"

    @property
    def milliseconds(self) -> int:
        """Of sound that came."""
        return len(self.sound) // 2 * 1000 // RATE

    def begin(self) -> None:
        self.responses += 1
        self.send("response.created", response={"id": self.id, "status": "in_progress"})

    def write(self, text: str) -> None:
        kind = "response.output_audio_transcript.delta"
        self.send(kind, response_id=self.id, item_id=f"item_{self.responses}", delta=text)

    def speak(self, seconds: float = 0.5, level: float = 0.2) -> None:
        tone = level * np.sin(np.arange(int(seconds * RATE)) / RATE * 2 * np.pi * 220)
        audio = b64encode((tone * 32_767).astype("<i2").tobytes()).decode()
        kind = "response.output_audio.delta"
        self.send(kind, response_id=self.id, item_id=f"item_{self.responses}", delta=audio)

    def call(self, name: str, arguments: str = "{}") -> None:
        item = {"type": "function_call", "call_id": "call_1", "name": name, "arguments": arguments}
        self.send("response.output_item.done", response_id=self.id, item=item)

    def written(self) -> None:
        self.send("response.output_audio_transcript.done", response_id=self.id)

    def done(self, status: str = "completed") -> None:
        self.send("response.done", response={"id": self.id, "status": status})


class ScriptedServer:
    """Answers the n-th request for a response by the n-th act; the last one is repeated. `detect`
    is played after each piece of sound: the server's own turn detection."""

    def __init__(self, acts: list[Act], detect: Act | None) -> None:
        self._acts, self._asked, self._detect = acts, 0, detect
        self.lines: list[Line] = []
        self._server = serve(self._handle, "127.0.0.1", 0, max_size=None, compression=None)
        self._thread = threading.Thread(target=self._server.serve_forever, name="scripted")
        self._thread.start()

    @property
    def address(self) -> str:
        return f"http://127.0.0.1:{self._server.socket.getsockname()[1]}/v1"

    @property
    def line(self) -> Line:
        """The last connection."""
        return self.lines[-1]

    def close(self) -> None:
        self._server.shutdown()
        for line in self.lines:
            line.socket.close()
        self._thread.join()

    def _handle(self, socket: ServerConnection) -> None:
        line = Line(socket)
        self.lines.append(line)
        line.send("session.created", session={})
        try:
            for message in socket:
                event = json.loads(message)
                line.received.append(event)
                if event["type"] == "response.create":
                    act = self._acts[min(self._asked, len(self._acts) - 1)]
                    self._asked += 1
                    act(line)
                elif event["type"] == "input_audio_buffer.append" and self._detect is not None:
                    self._detect(line)
        except ConnectionClosed:
            return


@contextmanager
def scripted(*acts: Act, detect: Act | None = None) -> Iterator[ScriptedServer]:
    server = ScriptedServer(list(acts), detect)
    try:
        yield server
    finally:
        server.close()
