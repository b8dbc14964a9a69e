"""Switches faces during a conversation: another choice, a lighter level, a new standby."""

from __future__ import annotations

from collections.abc import Callable
from contextlib import ExitStack
from typing import Any

from avatar_app.core.errors import EngineFailed
from avatar_app.core.manifest import Kind
from avatar_app.core.turn import Turn
from avatar_app.pipeline import commands
from avatar_app.pipeline.conversation import Conversation
from avatar_app.runtime.engine_set import EngineSet
from avatar_app.runtime.fallback.engine_switch import close_when_idle, switch
from avatar_app.runtime.fallback.faces import (
    another_face,
    make_face,
    make_fallback,
    manifest_of,
    options_of,
)
from avatar_app.runtime.fallback.quality_ladder import QualityLevel, Tier
from avatar_app.settings.schema import EngineChoice

FREE_WITHIN = 30.0
"""Seconds after which a replaced face that still draws counts as hung."""


class FaceSwitch:
    """Switches faces in the loader's thread. `taken` is called in the conversation's thread when
    the face is shown."""

    def __init__(self, engine_set: EngineSet, conversation: Conversation) -> None:
        self._engine_set, self._conversation = engine_set, conversation

    def choose(self, choice: EngineChoice, turn: Turn, taken: Callable[[], None]) -> None:
        """Switch to another face at full quality; returns when the former ones are closed."""
        other = another_face(self._engine_set, choice, turn)
        faces = (self._engine_set.engines[Kind.FACE], self._engine_set.fallback)
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
        elif at_work is Tier.CHOSEN and level.engine != self._instead:
            self._exchange(level, turn, taken)
            return
        elif at_work is Tier.CHOSEN:  # it works, and gets other options
            self._engine_set.engines[Kind.FACE].configure(**level.options)
        else:
            self._reload(level, turn)
        engine_set = self._engine_set
        face = engine_set.fallback if level.tier is Tier.BUILTIN else engine_set.engines[Kind.FACE]
        self._conversation.send(commands.SwitchEngine(Kind.FACE, face, engine_set.fallback, taken))

    def _mend_fallback(self) -> None:
        engine_set = self._engine_set
        if engine_set.fallback is not None:
            self._close(engine_set.fallback)
        engine_set.fallback = make_fallback(engine_set.registry, engine_set.face_choice)

    def _reload(self, level: QualityLevel, turn: Turn) -> None:
        engine_set = self._engine_set
        failed = engine_set.engines[Kind.FACE]
        if failed is not engine_set.fallback:
            self._close(failed)
            engine_set.engines[Kind.FACE] = engine_set.fallback  # until another is created
        self._put(level, turn)

    def _exchange(self, level: QualityLevel, turn: Turn, taken: Callable[[], None]) -> None:
        """Load another engine than the one that works until then."""
        engine_set = self._engine_set
        former, manifest = engine_set.engines[Kind.FACE], engine_set.manifests[Kind.FACE]
        options = options_of(engine_set, QualityLevel(Tier.CHOSEN, engine=self._instead), manifest)
        with ExitStack() as on_failure:
            on_failure.callback(engine_set.lease_face, manifest, options, stays=True)
            self._put(level, turn)
            on_failure.pop_all()
        face = engine_set.engines[Kind.FACE]
        use = commands.SwitchEngine(Kind.FACE, face, engine_set.fallback, taken)
        switch(self._conversation, use, (former,), FREE_WITHIN)

    @property
    def _instead(self) -> str:
        """Return the name of the engine that works instead of the chosen one, if it does."""
        name = self._engine_set.manifests[Kind.FACE].name
        return "" if name == self._engine_set.face_choice.engine else name

    def _put(self, level: QualityLevel, turn: Turn) -> None:
        engine_set = self._engine_set
        face = make_face(engine_set, level)
        if turn.cancelled:
            face.close()
            turn.check()
        engine_set.engines[Kind.FACE] = face
        engine_set.manifests[Kind.FACE] = manifest_of(engine_set, level)

    def _close(self, failed: Any) -> None:
        if not close_when_idle(failed, self._conversation.engine_usage, FREE_WITHIN):
            raise EngineFailed("The face that failed hangs.", "Start the application again.")

    def _take_over(self, other: EngineSet) -> None:
        engine_set = self._engine_set
        for mine, theirs in (
            (engine_set.engines, other.engines),
            (engine_set.manifests, other.manifests),
            (engine_set.choices, other.choices),
            (engine_set.ladders, other.ladders),
        ):
            mine[Kind.FACE] = theirs[Kind.FACE]  # type: ignore[assignment]
        engine_set.fallback = other.fallback
        engine_set.end_face_lease()
        engine_set.face_lease = other.face_lease
