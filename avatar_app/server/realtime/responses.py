"""The events of one response, from created to done, in the order in which clients expect them."""

from __future__ import annotations

import json
from collections.abc import Iterator
from typing import Any

from avatar_app.core.values import ToolCall
from avatar_app.server.realtime.audio import OutputEncoder
from avatar_app.server.realtime.config import SessionConfig
from avatar_app.session.served.wire import SentSpeech

ServerEvent = dict[str, Any]
COMPLETED, CANCELLED, FAILED = "completed", "cancelled", "failed"
IN_PROGRESS, INCOMPLETE = "in_progress", "incomplete"


class RealtimeResponse:
    """One response: a message, perhaps, and calls of the client's functions."""

    def __init__(self, number: int, turn_id: int, config: SessionConfig, conversation: str) -> None:
        self.id, self.turn_id = f"resp_{number}", turn_id
        self.item_id = f"item_a{number}"
        """Of its message."""
        self.sound = OutputEncoder()
        self.calls: list[ServerEvent] = []
        self._config, self._conversation = config, conversation
        self._text: list[str] = []
        self._item: ServerEvent | None = None
        self._sounded = False

    @property
    def transcript(self) -> str:
        return "".join(self._text)

    @property
    def has_message(self) -> bool:
        return self._item is not None

    def created(self) -> Iterator[ServerEvent]:
        yield {"type": "response.created", "response": self.described(IN_PROGRESS)}

    def written(self, text: str) -> Iterator[ServerEvent]:
        """A clause was written."""
        yield from self._message()
        delta = f" {text}" if self._text else text
        self._text.append(delta)
        kind = "output_audio_transcript" if self._config.speaks else "output_text"
        yield self._of_part(f"response.{kind}.delta", delta=delta)

    def spoken(self, speech: SentSpeech) -> Iterator[ServerEvent]:
        """A piece of its speech."""
        yield from self._message()
        self._sounded = True
        if delta := self.sound.encode(speech):
            yield self._of_part("response.output_audio.delta", delta=delta)

    def called(self, call: ToolCall, call_id: str) -> Iterator[ServerEvent]:
        """A function of the client is called."""
        index = int(self.has_message) + len(self.calls)
        arguments = json.dumps(call.arguments, ensure_ascii=False)
        item = {
            "id": f"item_f{call_id}", "object": "realtime.item", "type": "function_call",
            "status": COMPLETED, "call_id": call_id, "name": call.name, "arguments": arguments,
        }  # fmt: skip
        begun = item | {"status": IN_PROGRESS, "arguments": ""}
        self.calls.append(item)
        place = {"response_id": self.id, "output_index": index}
        of_call = place | {"item_id": item["id"], "call_id": call_id}
        arguments_event = "response.function_call_arguments"
        yield {"type": "response.output_item.added", "item": begun} | place
        yield {"type": "conversation.item.added", "item": begun}
        yield {"type": f"{arguments_event}.delta", "delta": arguments} | of_call
        done = {"type": f"{arguments_event}.done", "arguments": arguments, "name": call.name}
        yield done | of_call
        yield {"type": "response.output_item.done", "item": item} | place
        yield {"type": "conversation.item.done", "item": item}

    def done(self, status: str, reason: str | None = None) -> Iterator[ServerEvent]:
        """It is over."""
        if self._item is not None:
            yield from self._message_done(COMPLETED if status == COMPLETED else INCOMPLETE)
        response = self.described(status)
        if status != COMPLETED:
            response["status_details"] = {"type": status, "reason": reason}
        yield {"type": "response.done", "response": response}

    def item(self, status: str = COMPLETED) -> ServerEvent:
        """Return its message, without the sound."""
        part = self._part() | {"type": "output_audio" if self._config.speaks else "output_text"}
        return {
            "id": self.item_id, "object": "realtime.item", "type": "message", "status": status,
            "role": "assistant", "content": [part] if self._text else [],
        }  # fmt: skip

    def shorten(self, heard: str) -> None:
        """Only so much of it was heard."""
        self._text = [heard] if heard else []

    def described(self, status: str) -> ServerEvent:
        """Return the response as clients read it."""
        known = status if status in (COMPLETED, IN_PROGRESS) else INCOMPLETE
        messages = [self.item(known)] if self._item is not None else []
        return {
            "id": self.id, "object": "realtime.response", "status": status, "status_details": None,
            "output": [*messages, *self.calls], "conversation_id": self._conversation,
            "output_modalities": self._config.output_modalities, "usage": None, "metadata": None,
        }  # fmt: skip

    def _message(self) -> Iterator[ServerEvent]:
        """Begin the message, once."""
        if self._item is not None:
            return
        self._item = self.item(IN_PROGRESS)
        place = {"response_id": self.id, "output_index": 0}
        yield {"type": "response.output_item.added", "item": self._item} | place
        yield {"type": "conversation.item.added", "item": self._item}
        yield self._of_part("response.content_part.added", part=self._part())

    def _message_done(self, status: str) -> Iterator[ServerEvent]:
        if self._config.speaks:
            if self._sounded and (rest := self.sound.finish()):
                yield self._of_part("response.output_audio.delta", delta=rest)
            yield self._of_part("response.output_audio.done")
            transcript = "response.output_audio_transcript.done"
            yield self._of_part(transcript, transcript=self.transcript)
        else:
            yield self._of_part("response.output_text.done", text=self.transcript)
        yield self._of_part("response.content_part.done", part=self._part())
        item = self.item(status)
        place = {"response_id": self.id, "output_index": 0}
        yield {"type": "response.output_item.done", "item": item} | place
        yield {"type": "conversation.item.done", "item": item}

    def _part(self) -> ServerEvent:
        if self._config.speaks:
            return {"type": "audio", "transcript": self.transcript}
        return {"type": "text", "text": self.transcript}

    def _of_part(self, type: str, **rest: Any) -> ServerEvent:
        place = {"item_id": self.item_id, "output_index": 0, "content_index": 0}
        return {"type": type, "response_id": self.id} | place | rest
