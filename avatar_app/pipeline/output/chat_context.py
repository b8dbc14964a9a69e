"""The chat context: messages of the conversation, the avatar's cut to the words that were heard."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import replace

from avatar_app.core.events import Outcome, TurnEnded
from avatar_app.core.prompt import (
    MediaPart,
    Message,
    PicturePart,
    Prompt,
    Role,
    SoundPart,
    ToolDescription,
    content_of,
)
from avatar_app.core.turn import Turn
from avatar_app.pipeline.output.pictures import newest_picture_only, without_pictures

MOST_MESSAGES = 60
"""Messages of the conversation in a prompt; older ones are in the stored history."""
MOST_ATTACHED = 16
"""Pictures and sounds that wait for the user's words; of more, the newest."""
TRIMMED_MESSAGES = 40
"""Messages that are left when there were too many. Many go at once, because a model must process
everything again after the beginning has changed: it then stays the same for some turns."""

EARLIER = 0
"""Number of all turns of a former run of the program: those of this one begin with 1."""


class ChatContext:
    """The messages of the running conversation. Only the conversation thread writes it."""

    def __init__(
        self,
        persona: str = "",
        tools: Sequence[ToolDescription] = (),
        facts: Callable[[], str] = str,
        recall: Callable[[str], str] = lambda _: "",
    ) -> None:
        """`facts`: returns what every prompt says about the user; `recall`: what else is known that
        the user's words may be about. Both may be empty."""
        self.persona = persona
        self.tools = tuple(tools)
        self._facts, self._recall = facts, recall
        self._messages: list[Message] = []
        self._turns: list[int] = []
        """Of each message: the turn it is from."""
        self._attached: list[MediaPart] = []
        self._prompted = 0

    def attach(self, part: MediaPart) -> None:
        """Show a picture, or play a sound, with what the user says next."""
        self._attached.append(part)
        if len(self._attached) > MOST_ATTACHED:
            del self._attached[0]
            self._prompted = max(0, self._prompted - 1)

    def take(self, part: MediaPart, seen_in: Turn | None, current: Turn | None) -> None:
        """Attach what the user shows; or what was seen for the answer to the user's last words,
        with which it goes, if that is still the current turn."""
        if seen_in is None:
            self.attach(part)
        elif seen_in is current:
            self._attached.insert(self._prompted, part)
            self._prompted += 1

    def prompt(self, user_text: str, spoken: SoundPart | None = None) -> Prompt:
        """Return the prompt for an answer to `user_text` and what is attached to it. `spoken`: the
        same words as sound, which later prompts do not hold."""
        self._prompted = len(self._attached)
        content = content_of(user_text, tuple(self._attached))
        said = Message(Role.USER, content, spoken=spoken)
        recalled = self._recall(user_text) if self.persona else ""
        earlier = self.so_far().messages
        if any(isinstance(part, PicturePart) for part in said.media):
            earlier = tuple(map(without_pictures, earlier))
        return Prompt((*earlier, said), self.tools, recalled)

    def so_far(self) -> Prompt:
        """Return the next prompt without the user's words. It begins with the part that never
        changes."""
        system = (self.persona, self._facts() if self.persona else "")
        instructions = (Message(Role.SYSTEM, text) for text in system if text)
        return Prompt((*instructions, *newest_picture_only(self._messages)), self.tools)

    def add(self, ended: TurnEnded) -> None:
        """Add a turn as it was heard; a repetition is left out. What was attached after its prompt
        is for the next."""
        if ended.repeated:
            return
        if ended.user_text:
            media = tuple(self._attached[: self._prompted])
            del self._attached[: self._prompted]
            self._prompted = 0
            said = Message(Role.USER, content_of(ended.user_text, media))
            self._remember(ended.turn_id, said)
        if ended.heard_text:
            interrupted = ended.outcome is not Outcome.FINISHED
            shown = [block.text for block in ended.blocks if not interrupted]
            text = "\n".join([ended.heard_text, *shown])
            said = Message(Role.AVATAR, text, interrupted, heard_seconds=ended.heard_seconds)
            self._remember(ended.turn_id, said)

    def remember(self, message: Message) -> None:
        """Add what was said elsewhere."""
        self._remember(EARLIER, message)

    def truncate(self, turn_id: int, heard_text: str) -> None:
        """Less of a turn's answer was heard than was added."""
        for at, message in enumerate(self._messages):
            if self._turns[at] != turn_id or message.role is not Role.AVATAR:
                continue
            if heard_text:
                self._messages[at] = Message(Role.AVATAR, heard_text, interrupted=True)
            else:
                del self._messages[at], self._turns[at]
            return

    def withdraw(self, turn_id: int) -> None:
        """What was said in a turn counts no more; what was attached to it is for the next."""
        removed = [at for at, of in enumerate(self._turns) if of == turn_id]
        self._attached[:0] = [part for at in removed for part in self._messages[at].media]
        remaining = [at for at, of in enumerate(self._turns) if of != turn_id]
        self._messages = [self._messages[at] for at in remaining]
        self._turns = [self._turns[at] for at in remaining]

    def resume(self, turns: Sequence[TurnEnded]) -> None:
        """Begin with what was said in earlier turns, oldest first; nothing else was."""
        self.forget()
        for turn in turns:
            self.add(replace(turn, turn_id=EARLIER))

    def forget(self) -> None:
        """Clear the context; dialogue engines with a memory of their own trust only the prompt."""
        self._messages.clear()
        self._turns.clear()
        self._attached.clear()
        self._prompted = 0

    def _remember(self, turn_id: int, message: Message) -> None:
        self._messages.append(message)
        self._turns.append(turn_id)
        if len(self._messages) > MOST_MESSAGES:
            beginning = self._beginning()
            del self._messages[:beginning], self._turns[:beginning]

    def _beginning(self) -> int:
        """Return where the kept messages begin: with words of the user, as models expect."""
        latest = len(self._messages) - TRIMMED_MESSAGES
        spoken = range(latest, len(self._messages))
        return next((at for at in spoken if self._messages[at].role is Role.USER), latest)
