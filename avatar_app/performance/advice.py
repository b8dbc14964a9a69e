"""Suggests one change of the settings that makes the slowest stage of a turn shorter."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

from avatar_app.core.errors import ConfigInvalid
from avatar_app.core.manifest import Kind, Manifest
from avatar_app.models.catalog import Catalog, Model
from avatar_app.models.store import Presence, Store
from avatar_app.performance.turn_report import StageBar, TurnReport, WaitStage
from avatar_app.runtime.kinds import BUILTIN, KINDS, PHOTO, choices
from avatar_app.runtime.registry import Registry
from avatar_app.settings.schema import EngineChoice, Settings

QUICK_MS = 900.0
"""An answer that is heard this soon needs no advice."""
DROPPED = 0.05
"""Share of the frames; more of them dropped is visible."""
_DELAY = "turn_detection.min_endpointing_delay"
_LEAST_DELAY = 0.35
"""Seconds of silence; less would end turns between two words."""
_SHORTER = 0.75
_SMALL = (960, 540)
"""Pixels of a picture that every face can draw in time."""


@dataclass(frozen=True, slots=True)
class Advice:
    """One change that would help."""

    stage: WaitStage
    sentence: str
    settings: Mapping[str, Any] = field(default_factory=dict)
    """What to set, by dotted names; empty where no setting helps."""


@dataclass(frozen=True, slots=True)
class Adviser:
    """Suggests only what is on this machine already."""

    settings: Settings
    registry: Registry
    store: Store
    catalog: Catalog

    def advise(self, report: TurnReport) -> Advice | None:
        """Return the suggestion for the longest stage that a setting can make shorter; None for a
        turn that was quick and smooth."""
        pictures = report.pictures
        drawn = pictures.shown + pictures.dropped
        if drawn and pictures.dropped / drawn > DROPPED and (advice := self._lighter_face()):
            return advice
        if report.first_sound_ms is None or report.first_sound_ms <= QUICK_MS:
            return None
        for bar in report.by_duration:
            if advice := self._for(bar):
                return advice
        return Advice(report.by_duration[0].stage, "Close other programs that compute.")

    def _for(self, bar: StageBar) -> Advice | None:
        if bar.stage is WaitStage.END_OF_TURN:
            return self._earlier_end()
        if bar.stage is WaitStage.FACE:
            return self._lighter_face()
        return self._lighter_engine(bar.stage, bar.kind) if bar.kind else None

    def _earlier_end(self) -> Advice | None:
        now = self.settings.turn_detection.min_endpointing_delay
        shorter = max(_LEAST_DELAY, round(now * _SHORTER, 2))
        if shorter >= now:
            return None
        sentence = (
            f"End your turn after {shorter:g} s of silence instead of {now:g} s. "
            "Long pauses within a sentence may then end it."
        )
        return Advice(WaitStage.END_OF_TURN, sentence, {_DELAY: shorter})

    def _lighter_engine(self, stage: WaitStage, kind: Kind) -> Advice | None:
        """A smaller model of the same engine that is here, else the built-in engine."""
        choice = choices(self.settings)[kind]
        setting = KINDS[kind].setting
        if smaller := self._smaller_model(kind, choice):
            values = {f"{setting}.options.model": smaller.id}
            return Advice(stage, f"Use {smaller.title}, which is smaller.", values)
        if choice.engine == BUILTIN[kind]:
            return None
        builtin, used = self._manifest(kind, BUILTIN[kind]), self._manifest(kind, choice.engine)
        if builtin is None or used is None:
            return None
        sentence = f"Use {builtin.title} instead of {used.title}: quicker, but simpler."
        return Advice(stage, sentence, {f"{setting}.engine": builtin.name})

    def _smaller_model(self, kind: Kind, choice: EngineChoice) -> Model | None:
        manifest = self._manifest(kind, choice.engine)
        if manifest is None:
            return None
        named = str(manifest.checked(choice.options).get("model", ""))
        used = self.catalog.by_id.get(named or next(iter(manifest.needs.models), ""))
        if used is None:
            return None
        smaller = [
            model
            for model in self.catalog.models
            if (model.kind, model.engine) == (kind, choice.engine)
            and (model.bytes or 0) < (used.bytes or 0)
            and self.store.presence(model) is Presence.INSTALLED
            and self.store.is_accepted(model)
        ]
        return max(smaller, key=lambda model: (model.bytes or 0, model.id), default=None)

    def _lighter_face(self) -> Advice | None:
        face = self.settings.face
        manifest = self._manifest(Kind.FACE, face.engine)
        if manifest is None:
            return None
        options = manifest.checked(face.options)
        width, height = options.get("width", 0), options.get("height", 0)
        if width > _SMALL[0] and height > _SMALL[1]:
            sentence = f"Draw the face with {_SMALL[0]} × {_SMALL[1]} pixels."
            size = {"face.options.width": _SMALL[0], "face.options.height": _SMALL[1]}
            return Advice(WaitStage.FACE, sentence, size)
        if face.engine in (PHOTO, BUILTIN[Kind.FACE]) or "avatar" not in options:
            return None
        sentence = "Move the photo without a network that reads lips."
        values = {"face.engine": PHOTO, "face.options.avatar": options["avatar"]}
        return Advice(WaitStage.FACE, sentence, values)

    def _manifest(self, kind: Kind, name: str) -> Manifest | None:
        try:
            return self.registry.find(kind, name)
        except ConfigInvalid:  # the conversation uses another
            return None
