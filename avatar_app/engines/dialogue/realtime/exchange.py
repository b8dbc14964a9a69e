"""What a server knows of the conversation: asks it, and tells it what was heard of its answers."""

from __future__ import annotations

import io
import wave
from base64 import b64encode
from dataclasses import dataclass
from typing import Any

import numpy as np

from avatar_app.core.prompt import Message, Prompt, Role, SoundPart
from avatar_app.core.values import SpeechChunk
from avatar_app.engines.dialogue.realtime.answer import RATE
from avatar_app.engines.dialogue.realtime.connection import RealtimeConnection
from avatar_app.engines.dialogue.realtime.server_turns import OWN, QUIET, TurnWatch

PIECE = RATE
"""Samples of one event: servers accept 15 seconds and more."""
LOUD = 0.02
"""A sample that belongs to a voice."""
SO_FAR = "The conversation so far, of which the user has heard these words of yours:"
_SPEAKERS = {Role.USER: "User", Role.AVATAR: "You"}


@dataclass(slots=True)
class _Item:
    """A message that the server has spoken."""

    id: str
    samples: int = 0


class Exchange:
    """One session of a server."""

    def __init__(
        self, connection: RealtimeConnection, voice: str, turn_detection: str = OWN
    ) -> None:
        self.connection, self._voice = connection, voice
        self._detection = None if turn_detection == OWN else {"type": turn_detection}
        self._sent = 0
        """Samples of sound, since the session began."""
        self._settings: dict[str, Any] = {}
        self._known: tuple[Message, ...] = ()
        """The conversation up to the user's last words, which the server has heard."""
        self._items: list[_Item] = []
        """Of the last answer."""

    def begin(self, prompt: Prompt) -> None:
        """Configure the session. What was said before stands in its instructions."""
        said = [
            f"{_SPEAKERS[message.role]}: {message.text}"
            for message in _dialogue(prompt)[:-1]
            if message.text
        ]
        history = "\n".join([SO_FAR, *said]) if said else ""
        self._configure(prompt, history)

    def goes_on_with(self, prompt: Prompt) -> bool:
        """Whether the server knows what the prompt tells of the conversation, but for how much of
        its last answer was heard. `prompt` may end before the user's next words."""
        said = _dialogue(prompt)
        if said and said[-1].role is Role.USER and not _same(said, self._known):
            said = said[:-1]
        more = said[len(self._known) :]
        alone = not more or (len(more) == 1 and more[0].role is Role.AVATAR)
        return self.connection.is_open and alone and _same(said[: len(self._known)], self._known)

    def settle(self, prompt: Prompt) -> None:
        """Tell the server how much of its last answer was heard."""
        said = _dialogue(prompt)[len(self._known) :]
        answer = next((message for message in said if message.role is Role.AVATAR), None)
        is_whole = answer is not None and not answer.interrupted
        heard = round((answer.heard_seconds if answer else 0.0) * RATE)
        for item in self._items:
            if heard < item.samples and not is_whole:
                self.connection.send_lenient(
                    "conversation.item.truncate",
                    item_id=item.id,
                    content_index=0,
                    audio_end_ms=max(0, heard) * 1000 // RATE,
                )
            heard -= item.samples
        self._items.clear()
        if answer is not None:
            self._known = (*self._known, answer)

    def ask(self, prompt: Prompt) -> None:
        """Send the user's words, and ask for an answer."""
        if self._settings and self._settings["tools"] != _tools(prompt):
            self._configure(prompt, self._settings["history"])
        last = prompt.messages[-1]
        if last.spoken is None:
            content = [{"type": "input_text", "text": last.text}]
            item = {"type": "message", "role": "user", "content": content}
            self.connection.send("conversation.item.create", item=item)
        self._known = _dialogue(prompt)
        self._items.clear()
        if last.spoken is None:
            self.go_on()
        else:
            self._say(_samples(last.spoken))

    def _say(self, samples: np.ndarray) -> None:
        """Send the sound of a turn; the server ends it if it detects turns."""
        if self._detection is None:
            self._send_sound(samples)
            self.connection.send("input_audio_buffer.commit")
            self.go_on()
            return
        end_ms = (self._sent + _voice_end(samples)) * 1000 / RATE
        self.connection.await_end(TurnWatch(end_ms))
        self._send_sound(np.concatenate([samples, np.zeros(round(QUIET * RATE), np.float32)]))

    def _send_sound(self, samples: np.ndarray) -> None:
        for at in range(0, len(samples), PIECE):
            pcm = (np.clip(samples[at : at + PIECE], -1, 1) * 32_767).astype("<i2").tobytes()
            audio = b64encode(pcm).decode("ascii")
            self.connection.send("input_audio_buffer.append", audio=audio)
        self._sent += len(samples)

    def go_on(self) -> None:
        """Ask for a response."""
        self.connection.ask()

    def return_result(self, call_id: str, output: str) -> None:
        """Tell the server what a function returned."""
        item = {"type": "function_call_output", "call_id": call_id, "output": output}
        self.connection.send("conversation.item.create", item=item)

    def note(self, item_id: str, speech: SpeechChunk) -> None:
        """Count the speech of an item."""
        if not self._items or self._items[-1].id != item_id:
            self._items.append(_Item(item_id))
        self._items[-1].samples += len(speech.audio.samples)

    def stop(self) -> None:
        """Let the server make no more of its answer."""
        self.connection.cancel()

    def _configure(self, prompt: Prompt, history: str) -> None:
        tools = _tools(prompt)
        self._settings = {"tools": tools, "history": history}
        pcm = {"type": "audio/pcm", "rate": RATE}
        output: dict[str, Any] = {"format": pcm} | ({"voice": self._voice} if self._voice else {})
        session = {
            "type": "realtime",
            "instructions": "\n\n".join(filter(None, (_instructions(prompt), history))),
            "output_modalities": ["audio"],
            "audio": {
                "input": {"format": pcm, "turn_detection": self._detection},
                "output": output,
            },
            "tools": tools,
            "tool_choice": "auto",
        }
        self.connection.send("session.update", session=session)


def _dialogue(prompt: Prompt) -> tuple[Message, ...]:
    return tuple(message for message in prompt.messages if message.role is not Role.SYSTEM)


def _instructions(prompt: Prompt) -> str:
    return "\n\n".join(each.text for each in prompt.messages if each.role is Role.SYSTEM)


def _same(some: tuple[Message, ...], others: tuple[Message, ...]) -> bool:
    return [(each.role, each.text) for each in some] == [(each.role, each.text) for each in others]


def _tools(prompt: Prompt) -> list[dict[str, Any]]:
    return [
        {
            "type": "function",
            "name": tool.name,
            "description": tool.description,
            "parameters": tool.parameters,
        }
        for tool in prompt.tools
    ]


def _voice_end(samples: np.ndarray) -> int:
    """Return the number of samples until the last one that is loud."""
    loud = np.flatnonzero(np.abs(samples) > LOUD)
    return int(loud[-1]) + 1 if len(loud) else len(samples)


def _samples(spoken: SoundPart) -> np.ndarray:
    """Return the user's words at the protocol's rate."""
    import soxr

    with wave.open(io.BytesIO(spoken.content)) as file:
        rate, pcm = file.getframerate(), file.readframes(file.getnframes())
    samples = np.frombuffer(pcm, "<i2").astype(np.float32) / 32_768
    return np.asarray(soxr.resample(samples, rate, RATE), np.float32)
