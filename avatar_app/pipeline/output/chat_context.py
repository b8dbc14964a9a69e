"""The ledger: what was said, of which the avatar's part holds only the words that were heard."""

from __future__ import annotations

from collections.abc import Callable, Sequence

from avatar_app.core.events import Outcome, TurnEnded
from avatar_app.core.prompt import Message, Prompt, Role, ToolDescription

MOST_MESSAGES = 60
"""Messages of the conversation that a prompt holds; older ones are in the stored history."""
KEPT_MESSAGES = 40
"""Messages that are left when there were too many. So many go at once because a model must read
everything anew after the beginning has changed: it then stays as it is for some turns."""


class ChatContext:
    """The messages of the running conversation. Only the conductor writes it."""

    def __init__(
        self,
        persona: str = "",
        tools: Sequence[ToolDescription] = (),
        facts: Callable[[], str] = str,
    ) -> None:
        """`facts`: tells what is known of the user; empty where nothing is."""
        self.persona = persona
        self.tools = tuple(tools)
        self._facts = facts
        self._messages: list[Message] = []

    def prompt(self, user_text: str) -> Prompt:
        """The prompt for an answer to `user_text`."""
        return Prompt((*self.so_far().messages, Message(Role.USER, user_text)), self.tools)

    def so_far(self) -> Prompt:
        """The next prompt, without what the user will say. It begins with what never changes."""
        system = (self.persona, self._facts() if self.persona else "")
        told = (Message(Role.SYSTEM, text) for text in system if text)
        return Prompt((*told, *self._messages), self.tools)

    def add(self, ended: TurnEnded) -> None:
        """Remember a turn as it was heard."""
        if ended.user_text:
            self._messages.append(Message(Role.USER, ended.user_text))
        if ended.heard_text:
            interrupted = ended.outcome is not Outcome.FINISHED
            shown = [block.text for block in ended.blocks if not interrupted]
            text = "\n".join([ended.heard_text, *shown])
            self._messages.append(Message(Role.AVATAR, text, interrupted))
        if len(self._messages) > MOST_MESSAGES:
            del self._messages[: self._beginning()]

    def forget(self) -> None:
        """Begin anew; dialogues that keep something themselves trust only what a prompt shows."""
        self._messages.clear()

    def _beginning(self) -> int:
        """Where what is kept begins: with words of the user, as models expect it."""
        latest = len(self._messages) - KEPT_MESSAGES
        spoken = range(latest, len(self._messages))
        return next((at for at in spoken if self._messages[at].role is Role.USER), latest)
