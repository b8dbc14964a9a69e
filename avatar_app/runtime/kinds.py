"""The table of engine kinds: built-in engine, title and stages, in loading order."""

from __future__ import annotations

from dataclasses import dataclass
from operator import attrgetter

from avatar_app.core.manifest import Kind
from avatar_app.settings.schema import EngineChoice, Settings, engine_settings


@dataclass(frozen=True, slots=True)
class EngineKind:
    """What the program needs to know about an engine kind besides its protocol
    (core/engines.py)."""

    kind: Kind
    title: str
    """Title of its engines in lists."""
    builtin: str
    """The engine that needs no downloads and takes over where another fails."""
    stages: tuple[str, ...] = ()
    """The pipeline stages of this kind, as their failures name them."""
    mark: str = ""
    """The mark of a turn that is set by its first output."""
    in_conversation: bool = True
    """Loaded with a conversation; other kinds are loaded for films and in the studio."""

    @property
    def setting(self) -> str:
        """Dotted name of the setting that chooses an engine and its options."""
        return next(".".join(name) for name, kind in engine_settings().items() if kind is self.kind)


_ROWS = (
    EngineKind(Kind.ASR, "Recognition", "pocketsphinx", ("recognize",), "text"),
    EngineKind(Kind.TTS, "Voices", "espeak", ("speak",), "first_speech"),
    EngineKind(Kind.FACE, "Faces", "illustrated", ("perform", "rest"), "first_frame"),
    EngineKind(Kind.VAD, "Voice activity", "webrtc", ("detect_voice",)),
    EngineKind(Kind.AEC, "Echo cancellation", "none", ("cancel_echo",)),
    EngineKind(Kind.TURN, "End of turn", "pauses", ("judge_end",)),
    EngineKind(Kind.WAKE, "Wake word", "none", ("detect_wake_word",)),
    EngineKind(Kind.DIALOGUE, "Dialogue", "builtin", ("think",), "first_token"),
    EngineKind(Kind.ENHANCE, "Films", "none", in_conversation=False),
    EngineKind(Kind.IMAGE, "Pictures from prompts", "none", in_conversation=False),
    EngineKind(Kind.VIDEO, "Moving pictures", "still", in_conversation=False),
    EngineKind(Kind.ANIMATE, "Moving portraits", "plane", in_conversation=False),
    EngineKind(Kind.RENDERER, "Renderers", "audiogram", in_conversation=False),
    EngineKind(Kind.VERIFY, "Checks of pictures", "none", in_conversation=False),
)
KINDS = {row.kind: row for row in _ROWS}
"""In loading order: first those that take longest, and a voice is given memory before a face."""
BUILTIN = {row.kind: row.builtin for row in _ROWS}
"""The built-in engine of each kind, which takes over where another fails."""
KIND_OF_STAGE = {stage: row.kind for row in _ROWS for stage in row.stages}
"""The engine kind of each pipeline stage."""
PHOTO = "photo"
"""The built-in face that animates any avatar without weights."""


def choices(settings: Settings) -> dict[Kind, EngineChoice]:
    """Return the engine of each kind that the settings choose, in loading order."""
    return {kind: attrgetter(row.setting)(settings) for kind, row in KINDS.items()}
