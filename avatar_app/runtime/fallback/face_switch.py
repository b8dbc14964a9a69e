"""Switches faces during a conversation: another choice, a lighter level, a new standby."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from avatar_app.core.errors import EngineFailed
from avatar_app.core.manifest import Kind
from avatar_app.core.turn import Turn
from avatar_app.pipeline import commands
from avatar_app.pipeline.conversation import Conversation
from avatar_app.runtime.engine_set import EngineSet
from avatar_app.runtime.fallback.engine_switch import close_when_idle, switch
from avatar_app.runtime.fallback.faces import another_face, make_face, make_fallback
from avatar_app.runtime.fallback.quality_ladder import QualityLevel, Tier
from avatar_app.settings.schema import EngineChoice

FREE_WITHIN = 30.0
"""Seconds after which a replaced face that still draws counts as hung."""


class FaceSwitch:
    """Switches faces in the loader's thread. `taken` is called in the conversation's thread when
    the face is shown."""

    def __init__(self, rack: EngineSet, conversation: Conversation) -> None:
        self._rack, self._conversation = rack, conversation

    def choose(self, choice: EngineChoice, turn: Turn, taken: Callable[[], None]) -> None:
        """Switch to another face at full quality; returns when the former ones are closed."""
        other = another_face(self._rack, choice, turn)
        faces = (self._rack.engines[Kind.FACE], self._rack.fallback)
        former = {id(face): face for face in faces if face is not None}

        def take_over() -> None:
            self._take_over(other)
            taken()

        face, fallback = other.engines[Kind.FACE], other.fallback
        use = commands.SwitchEngine(Kind.FACE, face, fallback, take_over)
        switch(self._conversation, use, former.values(), FREE_WITHIN)

    def load(
        self, level: QualityLevel, at_work: Tier, turn: Turn, taken: Callable[[], None]
    ) -> None:
        """Load a level of the ladder; `at_work`: the face shown now."""
        if level.tier is Tier.BUILTIN:
            self._mend_fallback()
        elif at_work is Tier.CHOSEN:  # it works, and gets other options
            self._rack.engines[Kind.FACE].configure(**level.options)
        else:
            self._reload(level, turn)
        rack = self._rack
        face = rack.fallback if level.tier is Tier.BUILTIN else rack.engines[Kind.FACE]
        self._conversation.order(commands.SwitchEngine(Kind.FACE, face, rack.fallback, taken))

    def _mend_fallback(self) -> None:
        rack = self._rack
        if rack.fallback is not None:
            self._close(rack.fallback)
        rack.fallback = make_fallback(rack.registry, rack.face_choice)

    def _reload(self, level: QualityLevel, turn: Turn) -> None:
        rack = self._rack
        failed = rack.engines[Kind.FACE]
        if failed is not rack.fallback:
            self._close(failed)
            rack.engines[Kind.FACE] = rack.fallback  # until another is created
        face = make_face(rack, level)
        if turn.cancelled:
            face.close()
            turn.check()
        rack.engines[Kind.FACE] = face
        rack.manifests[Kind.FACE] = rack.registry.find(Kind.FACE, rack.face_choice.engine)

    def _close(self, failed: Any) -> None:
        if not close_when_idle(failed, self._conversation.occupancy, FREE_WITHIN):
            raise EngineFailed("The face that failed hangs.", "Start the application again.")

    def _take_over(self, other: EngineSet) -> None:
        rack = self._rack
        for mine, theirs in (
            (rack.engines, other.engines),
            (rack.manifests, other.manifests),
            (rack.choices, other.choices),
            (rack.ladders, other.ladders),
        ):
            mine[Kind.FACE] = theirs[Kind.FACE]  # type: ignore[assignment]
        rack.fallback = other.fallback
        rack.end_face_lease()
        rack.face_lease = other.face_lease
