"""Conversations with the server by realtime events: a microphone that never stops, and answers."""

from __future__ import annotations

import queue
import threading
import time
from base64 import b64encode
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import numpy as np

from avatar_app.bench.served.outcomes import TurnFollower, TurnOutcome, Unanswered
from avatar_app.bench.served.requests import MODEL
from avatar_app.core.values import Samples
from avatar_app.media.stream_encoder import STREAM_RATE, pcm_of

if TYPE_CHECKING:
    from openai import OpenAI

BLOCK = STREAM_RATE // 25
"""Samples that are sent at a time: 40 ms."""
SOON = 60.0
"""Seconds that are waited for an event."""
AFTERWARDS = 5.0
"""Seconds that are waited for an answer once nothing is under way any more: a user who spoke in two
parts is answered after the second."""


@dataclass(frozen=True, slots=True, eq=False)
class SpokenQuestion:
    """What a user says."""

    samples: Samples
    """float32, 24 kHz."""
    voice_end: int
    """Samples until the voice ends."""


class SteadyMicrophone:
    """Sends sound as it passes, silence where nothing is said, in a thread of its own."""

    def __init__(self, connection: Any) -> None:
        self._connection = connection
        self._left, self._voice_left = np.zeros(0, np.float32), -1
        self._lock, self._ended = threading.Lock(), threading.Event()
        self.voice_ended_at: float | None = None
        """When the last sample of the voice had passed, in seconds of `time.perf_counter`; None
        while it speaks."""
        self._thread = threading.Thread(target=self._run, name="microphone", daemon=True)

    def start(self) -> None:
        self._thread.start()

    def close(self) -> None:
        self._ended.set()
        self._thread.join()

    def say(self, said: SpokenQuestion) -> None:
        with self._lock:
            self._left, self._voice_left = said.samples, said.voice_end
            self.voice_ended_at = None

    def _run(self) -> None:
        from websockets.exceptions import ConnectionClosed

        due = time.perf_counter()
        while not self._ended.wait(max(0.0, due - time.perf_counter())):
            due += BLOCK / STREAM_RATE
            audio = b64encode(pcm_of(self._next())).decode()
            try:
                self._connection.input_audio_buffer.append(audio=audio)
            except ConnectionClosed:
                return

    def _next(self) -> Samples:
        with self._lock:
            block, self._left = self._left[:BLOCK], self._left[BLOCK:]
            if 0 <= self._voice_left <= BLOCK:
                now = time.perf_counter()
                self.voice_ended_at = now + (self._voice_left - BLOCK) / STREAM_RATE
            self._voice_left -= BLOCK
        return np.pad(block, (0, BLOCK - len(block)))


class Talk:
    """One conversation; a thread receives its events."""

    def __init__(self, connection: Any) -> None:
        self._connection = connection
        self.microphone = SteadyMicrophone(connection)
        self._events = queue.SimpleQueue[tuple[Any, float] | None]()
        """With the time at which each came; None where the server has gone."""
        self._responses, self._is_over = set[str](), False
        self._thread = threading.Thread(target=self._receive, name="events", daemon=True)
        self._thread.start()

    def hear(self, said: SpokenQuestion) -> TurnOutcome:
        """Say something, and stop the answer at its first sound."""
        outcome, response = self._answered(said)
        if response:
            self._connection.response.cancel()
            self._until_done(response)
        return outcome

    def listen(self, said: SpokenQuestion) -> TurnOutcome:
        """Say something, and hear the whole answer."""
        outcome, response = self._answered(said)
        if response:
            self._until_done(response)
        return outcome

    def begin(self, text: str) -> float | None:
        """Return the milliseconds until the first sound of an answer to a text, which is stopped
        then; None where there is none."""
        begun = self._ask(text)
        at = self._first_sound()
        return None if at is None else 1000 * (at - begun)

    def type(self, text: str) -> str:
        """Return the answer to a text, when all of it was heard; empty where there is none."""
        self._ask(text)
        done = self._until("response.done")[0]
        output = done.response.output if done is not None else []
        return "".join(str(part.transcript) for item in output for part in item.content)

    def join(self) -> None:
        """Wait for the thread; the connection must be closed."""
        self._thread.join()

    def _answered(self, said: SpokenQuestion) -> tuple[TurnOutcome, str]:
        """Say something; return what became of it, and the response that answers it."""
        while self._event(0.0) is not None:
            continue  # of what was before
        follower = TurnFollower(set(self._responses))
        self.microphone.say(said)
        end = latest = time.perf_counter() + SOON
        while (came := self._event(end - time.perf_counter())) is not None:
            ended_at = self.microphone.voice_ended_at
            follower.take(*came, ended_at)
            if follower.answer and ended_at is not None:
                return TurnOutcome(1000 * (came[1] - ended_at)), follower.answer
            soon = time.perf_counter() + AFTERWARDS
            end = latest if follower.is_pending else min(latest, soon)
        reason = Unanswered.DISCONNECTED if self._is_over else follower.give_up()
        return TurnOutcome(reason=reason), ""

    def _ask(self, text: str) -> float:
        """Return when it was asked."""
        content = [{"type": "input_text", "text": text}]
        item = {"type": "message", "role": "user", "content": content}
        begun = time.perf_counter()
        self._connection.conversation.item.create(item=item)
        self._connection.response.create()
        return begun

    def _first_sound(self) -> float | None:
        """Return when the first sound came, and stop the answer."""
        at = self._until("response.output_audio.delta")[1]
        if at is not None:
            self._connection.response.cancel()
            self._until("response.done")
        return at

    def _until(self, kind: str) -> tuple[Any, float | None]:
        """Return the next event of a kind and when it came; None where none comes."""
        end = time.perf_counter() + SOON
        while (came := self._event(end - time.perf_counter())) is not None:
            event, at = came
            if event.type == kind and getattr(event, "delta", "sound"):
                return event, at
        return None, None

    def _until_done(self, response: str) -> None:
        end = time.perf_counter() + SOON
        while (came := self._event(end - time.perf_counter())) is not None:
            if came[0].type == "response.done" and came[0].response.id == response:
                return

    def _event(self, seconds: float) -> tuple[Any, float] | None:
        """Return the next event and when it came; None where none comes within so many seconds."""
        if self._is_over:
            return None
        try:
            came = self._events.get(timeout=max(0.0, seconds))
        except queue.Empty:
            return None
        self._is_over = came is None
        if came is not None and came[0].type == "response.created":
            self._responses.add(came[0].response.id)
        return came

    def _receive(self) -> None:
        from websockets.exceptions import ConnectionClosed

        try:
            while True:
                event = self._connection.recv()
                self._events.put((event, time.perf_counter()))
        except ConnectionClosed:
            self._events.put(None)


@contextmanager
def talking(client: OpenAI, *, aloud: bool = True) -> Iterator[Talk]:
    """Yield a conversation; `aloud`: its microphone runs."""
    talk = None
    try:
        with client.realtime.connect(model=MODEL) as connection:
            talk = Talk(connection)
            if aloud:
                talk.microphone.start()
            try:
                yield talk
            finally:
                if aloud:
                    talk.microphone.close()
    finally:
        if talk is not None:
            talk.join()
