"""A client of the realtime endpoint: OpenAI's own, and what a test wants to know of its events."""

from __future__ import annotations

from base64 import b64decode, b64encode
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import Any

from openai.resources.realtime.realtime import RealtimeConnection
from served import client_of

from avatar_app.core.values import Samples
from avatar_app.media.stream_encoder import pcm_of
from avatar_app.server.running import AvatarServer

RATE = 24_000
BLOCK = RATE // 10


class Talk:
    """One connection, and all events that came."""

    def __init__(self, connection: RealtimeConnection) -> None:
        self.connection, self.events = connection, list[Any]()

    def until(self, kind: str, condition: Callable[[Any], bool] = lambda _event: True) -> Any:
        """Receive until an event of a kind; an error fails the test, unless it is waited for."""
        while True:
            event = self.connection.recv()
            self.events.append(event)
            if event.type == kind and condition(event):
                return event
            assert event.type != "error", event

    def of(self, kind: str) -> list[Any]:
        return [event for event in self.events if event.type == kind]

    @property
    def kinds(self) -> list[str]:
        """The kinds of events, without repetitions."""
        return list(dict.fromkeys(event.type for event in self.events))

    @property
    def sound(self) -> bytes:
        return b"".join(b64decode(e.delta) for e in self.of("response.output_audio.delta"))

    def configure(self, **session: Any) -> Any:
        self.connection.session.update(session={"type": "realtime"} | session)
        return self.until("session.updated").session

    def say(self, text: str) -> None:
        """Send a text and ask for an answer."""
        content = [{"type": "input_text", "text": text}]
        item = {"type": "message", "role": "user", "content": content}
        self.connection.conversation.item.create(item=item)
        self.connection.response.create()

    def send_sound(self, samples: Samples) -> None:
        """Send sound, 24 kHz, in pieces of 100 ms."""
        for at in range(0, len(samples), BLOCK):
            audio = b64encode(pcm_of(samples[at : at + BLOCK])).decode()
            self.connection.input_audio_buffer.append(audio=audio)

    def answer(self) -> Any:
        """Receive until the response is done, and return it."""
        return self.until("response.done").response


@contextmanager
def talking(server: AvatarServer, **session: Any) -> Iterator[Talk]:
    """A conversation with the server through OpenAI's client."""
    with client_of(server) as client, client.realtime.connect(model="avatar") as connection:
        talk = Talk(connection)
        talk.until("session.created")
        if session:
            talk.configure(**session)
        yield talk
