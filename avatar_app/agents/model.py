"""Any dialogue engine as a model that completes requests for agents."""

from __future__ import annotations

import threading
from collections.abc import Callable
from typing import Any

from avatar_app.core.engines import Dialogue
from avatar_app.core.jobs import Job
from avatar_app.core.prompt import Message, Prompt, Role
from avatar_app.core.turn import Turn, TurnCancelled
from avatar_app.core.values import ToolCall

LONGEST_ANSWER = 60_000
"""Characters of an answer that are taken."""


class DialogueModel:
    """A `LanguageModel`; asks one thing at a time, as engines answer one."""

    def __init__(
        self, dialogue: Dialogue, give_way: Callable[[Turn], None] = lambda _turn: None
    ) -> None:
        """`give_way`: called after each piece of an answer; it blocks while others need the machine
        more."""
        self._dialogue, self._asking = dialogue, threading.Lock()
        self._give_way = give_way

    def complete(self, instructions: str, request: str, job: Job[Any]) -> str:
        """Return the whole answer. Raises AvatarError and JobCancelled."""
        turn = Turn(0, request)
        turn.commit()
        job.when_cancelled(turn.cancel)
        prompt = Prompt((Message(Role.SYSTEM, instructions), Message(Role.USER, request)))
        written: list[str] = []
        with self._asking:
            reply = self._dialogue.reply(prompt, turn)
            try:
                for piece in reply:
                    if isinstance(piece, str):
                        written.append(piece)
                    self._give_way(turn)
                    if isinstance(piece, ToolCall) or sum(map(len, written)) > LONGEST_ANSWER:
                        break
            except TurnCancelled:
                job.check()
            finally:
                reply.close()
        job.check()
        return "".join(written)
