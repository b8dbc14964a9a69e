"""Carries out what a client of a realtime session asks for; garbage costs an error, no more."""

from __future__ import annotations

import asyncio
import json
import logging
from collections.abc import Callable
from typing import Any
from uuid import uuid4

from avatar_app.core.errors import AvatarError, InputInvalid
from avatar_app.core.prompt import Message, Role
from avatar_app.server.http.chat_messages import picture_of
from avatar_app.server.realtime.calls import result_of
from avatar_app.server.realtime.config import SessionConfig
from avatar_app.server.realtime.items import LONGEST_TEXT, Item, parts_of_message, text_of
from avatar_app.server.realtime.session import RealtimeSession
from avatar_app.server.tasks import begun
from avatar_app.session.served.conversation import EndOfTurn, ServedConversation, TurnPolicy

log = logging.getLogger(__name__)

ClientEvent = dict[str, Any]
_ROLES = {"assistant": Role.AVATAR, "system": Role.SYSTEM}
_NO_FIELD = (AttributeError, LookupError, RecursionError, TypeError, ValueError)
"""What comes of a field that is of another type than it must be."""
_ONLY_CLIENT = "Set turn_detection to null to decide about turns yourself."


class ClientEventHandler:
    """For the server's thread alone; nothing here waits."""

    def __init__(self, session: RealtimeSession, conversation: ServedConversation) -> None:
        self._session, self._conversation = session, conversation
        self._typed: list[str] = []
        """Texts that are answered with the next response."""
        self._loading: asyncio.Task[None] | None = None
        self._held = False
        """Whether the client sends what its user says, and has not asked for an answer yet."""
        self._handlers: dict[str, Callable[[ClientEvent], None]] = {
            "session.update": self._update,
            "input_audio_buffer.append": self._append,
            "input_audio_buffer.commit": self._commit,
            "input_audio_buffer.clear": self._clear,
            "conversation.item.create": self._create_item,
            "conversation.item.retrieve": self._retrieve_item,
            "conversation.item.truncate": self._truncate_item,
            "conversation.item.delete": self._delete_item,
            "response.create": self._create_response,
            "response.cancel": self._cancel_response,
            "output_audio_buffer.clear": self._cancel_response,
        }

    def handle(self, text: str) -> None:
        """Carry out one event."""
        event: Any = None
        try:
            event = _parsed(text)
            kind = event.get("type")
            handler = self._handlers.get(kind) if isinstance(kind, str) else None
            if handler is None:
                raise InputInvalid(
                    f"There is no event {str(kind)[:60]!r}.", "See docs/how-to/serve.md."
                )
            handler(event)
        except AvatarError as error:
            self._session.fail(error, event.get("event_id") if isinstance(event, dict) else None)
        except _NO_FIELD as error:
            log.info("an event of a client was not understood", exc_info=error)
            self._session.fail(InputInvalid("The event is not understood.", "See the docs."))

    def _update(self, event: ClientEvent) -> None:
        session = self._session
        before, config = session.config, session.config.changed(event.get("session"))
        if (before.voice, before.speaks) != (config.voice, config.speaks):
            self._conversation.listen_to(config.voice if config.speaks else None)
        self._apply(before, config)
        session.config = config
        session.send("session.updated", session=session.described())

    def _apply(self, before: SessionConfig, config: SessionConfig) -> None:
        if (before.instructions, before.offered) != (config.instructions, config.offered):
            self._conversation.instruct(config.instructions, config.offered)
        if before.policy != config.policy:
            if self._held:
                self._conversation.discard()
                self._held = False
            loading = self._detect_turns(config.policy, self._loading)
            self._loading = begun(loading, "detector of turns")

    async def _detect_turns(self, policy: TurnPolicy, before: asyncio.Task[None] | None) -> None:
        """Detect turns in another way, after the way that was asked for before."""
        if before is not None:
            await asyncio.wait([before])
        await asyncio.to_thread(self._conversation.detect_turns, policy)

    def _append(self, event: ClientEvent) -> None:
        samples = self._session.input.decode(event.get("audio"))
        if self._client_decides and not self._held:
            self._held = True
            self._conversation.hold(held=True)
        if not self._conversation.hear(samples):
            raise InputInvalid("Too much sound waits to be heard.", "Send it as it is spoken.")

    def _commit(self, _event: ClientEvent) -> None:
        if not self._client_decides:
            raise InputInvalid("Turns end by themselves in this session.", _ONLY_CLIENT)
        if not self._held:
            raise InputInvalid("The buffer of sound is empty.", "Append audio first.")

    def _clear(self, _event: ClientEvent) -> None:
        self._held = False
        self._conversation.discard()
        self._session.send("input_audio_buffer.cleared")

    def _create_item(self, event: ClientEvent) -> None:
        item = event.get("item")
        if not isinstance(item, dict):
            raise InputInvalid("The event has no item.", "Send item: {…}.")
        item = item | {"object": "realtime.item", "status": "completed"}
        given = item.get("id")
        item["id"] = given[:64] if isinstance(given, str) and given else f"item_{uuid4().hex[:20]}"
        self._take(item)
        before = self._session.items.last
        self._session.items.add(item)
        for kind in ("conversation.item.added", "conversation.item.done"):
            self._session.send(kind, item=item, previous_item_id=before)

    def _take(self, item: Item) -> None:
        match item:
            case {"type": "message", "role": "user"}:
                self._take_user_message(item)
            case {"type": "message", "role": "assistant" | "system" as role}:
                self._conversation.remember(Message(_ROLES[role], text_of(item)))
            case {"type": "function_call_output", "call_id": call_id, "output": str(output)}:
                call = self._session.call
                if call is None or call.id != call_id:
                    raise InputInvalid("No function of this call_id is waited for.", "")
                call.output = result_of(output)
            case _:
                raise InputInvalid(
                    "Items of this type cannot be created.",
                    "Send a message or a function_call_output.",
                )

    def _take_user_message(self, item: Item) -> None:
        for part in parts_of_message(item):
            match part:
                case {"type": "input_image", "image_url": str(address)}:
                    self._conversation.show(picture_of(address))
                case {"type": "input_audio"}:
                    raise InputInvalid(
                        "Sound cannot be created as an item.", "Send input_audio_buffer.append."
                    )
        if text := text_of(item):
            if sum(map(len, self._typed)) + len(text) > LONGEST_TEXT:
                raise InputInvalid(
                    f"More than {LONGEST_TEXT} characters wait for an answer.",
                    "Send response.create.",
                )
            self._typed.append(text)

    def _retrieve_item(self, event: ClientEvent) -> None:
        item = self._session.items.find(event.get("item_id"))
        self._session.send("conversation.item.retrieved", item=item)

    def _truncate_item(self, event: ClientEvent) -> None:
        item_id, end = event.get("item_id"), event.get("audio_end_ms")
        response = self._session.sent_as(item_id)
        if response is None:
            raise InputInvalid("Only what the avatar said can be truncated.", "Name its item.")
        if not isinstance(end, int) or isinstance(end, bool) or end < 0:
            raise InputInvalid("audio_end_ms is no number of milliseconds.", "Send what was heard.")
        if end > response.sound.milliseconds:
            raise InputInvalid(
                f"Only {response.sound.milliseconds} ms of the item were sent.",
                "Send what was heard.",
            )
        self._session.cancelled_by_client = response is self._session.response
        self._conversation.truncate(response.turn_id, response.sound.speech_seconds(end))
        self._session.send(
            "conversation.item.truncated", item_id=item_id, content_index=0, audio_end_ms=end
        )

    def _delete_item(self, event: ClientEvent) -> None:
        item = self._session.items.remove(event.get("item_id"))
        response = self._session.sent_as(item["id"])
        if response is not None:
            self._conversation.truncate(response.turn_id, 0.0)
        self._session.send("conversation.item.deleted", item_id=item["id"])

    def _create_response(self, event: ClientEvent) -> None:
        asked = event.get("response")
        if isinstance(asked, dict) and asked.get("instructions"):
            raise InputInvalid(
                "Instructions of a single response are not supported.",
                "Set them by session.update.",
            )
        if self._session.go_on():
            return
        if self._typed:
            text = "\n".join(self._typed)
            self._typed.clear()
            self._conversation.type(text)
        elif self._held:
            self._held = False
            self._conversation.hold(held=False)
        elif self._session.response is not None:
            raise InputInvalid("A response is under way.", "Wait for response.done, or cancel it.")
        else:
            raise InputInvalid("There is nothing to answer.", "Create a message of the user first.")

    def _cancel_response(self, _event: ClientEvent) -> None:
        if self._session.response is None and self._session.call is None:
            raise InputInvalid("No response is under way.", "There is nothing to cancel.")
        self._session.cancelled_by_client = True
        self._conversation.interrupt()

    @property
    def _client_decides(self) -> bool:
        return self._session.config.policy.end is EndOfTurn.CLIENT


def _parsed(text: str) -> ClientEvent:
    try:
        event = json.loads(text)
        if "\\u" in text:
            json.dumps(event, ensure_ascii=False).encode()  # refuses halves of characters
    except (ValueError, RecursionError) as error:
        raise InputInvalid("The message is not JSON.", "Send one JSON object.") from error
    if not isinstance(event, dict):
        raise InputInvalid("The message is no JSON object.", "Send one JSON object.")
    return event
