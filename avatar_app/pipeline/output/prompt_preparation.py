"""Lets the dialogue engine process its next prompt while idle, to answer sooner."""

from __future__ import annotations

import logging
from collections.abc import Callable, Iterator

from avatar_app.core.engines import Dialogue, PreparedDialogue
from avatar_app.core.errors import AvatarError
from avatar_app.core.prompt import Prompt
from avatar_app.core.turn import Turn
from avatar_app.pipeline.engine_usage import EngineUsage
from avatar_app.pipeline.stage import Stage
from avatar_app.pipeline.work_tracker import WorkTracker

PREPARE = "prepare"
log = logging.getLogger(__name__)


class PromptPreparation:
    """A stage of lowest priority: any other work interrupts it."""

    def __init__(
        self, dialogue: Callable[[], Dialogue], activity: WorkTracker, engine_usage: EngineUsage
    ) -> None:
        self._dialogue, self._engine_usage = dialogue, engine_usage
        self._turn = Turn(id=0)
        self._stage: Stage[Prompt, str] = Stage(
            PREPARE, self._read, activity, _nothing, _nothing, _failed
        )

    def begin(self, prompt: Prompt) -> None:
        """Process the conversation so far; an earlier preparation is dropped."""
        self.stop()
        if isinstance(self._dialogue(), PreparedDialogue) and prompt.messages:
            self._turn = Turn(id=0)
            self._stage.submit(self._turn, prompt)

    def stop(self) -> None:
        """Release the engine for other work."""
        self._turn.cancel()

    def close(self) -> None:
        self.stop()
        self._stage.close()

    def _read(self, prompt: Prompt, turn: Turn) -> Iterator[str]:
        with self._engine_usage.of(self._dialogue) as dialogue:
            if isinstance(dialogue, PreparedDialogue):
                yield from dialogue.prepare(prompt, turn)


def _nothing(*_: object) -> None:
    """This stage has no output."""


def _failed(_prompt: Prompt, _turn: Turn, _stage: str, error: AvatarError) -> None:
    """Log the failure; a real request reports it."""
    log.info("no prompt was prepared: %s", error)
