"""The schema of all settings: a tree of frozen models; config/default.yaml documents each."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from datetime import date
from enum import StrEnum
from functools import cache
from typing import Annotated, Any

from pydantic import BaseModel, BeforeValidator, Field

from avatar_app.core.manifest import Kind
from avatar_app.core.network_access import NetworkAccess
from avatar_app.settings.films import RenderSettings
from avatar_app.settings.layers import Name
from avatar_app.settings.presentation import Effect, FormHints, Page
from avatar_app.settings.section import SettingsSection
from avatar_app.settings.speaking import SpeaksFirstSettings
from avatar_app.system.hotkeys.hotkey import TalkKey

Seconds = Annotated[float, Field(ge=0, le=600, allow_inf_nan=False), FormHints(unit="s", step=0.01)]
Share = Annotated[float, Field(gt=0, le=1), FormHints(step=0.001)]


class ThemeChoice(StrEnum):
    """The colors of the window."""

    SYSTEM = "system"
    DARK = "dark"
    LIGHT = "light"


class LanguageChoice(StrEnum):
    """The language of the window: the system's, or the one of an ISO 639 code."""

    AUTO = "auto"
    EN = "en"
    DE = "de"
    ES = "es"
    FR = "fr"
    ZH = "zh"
    AR = "ar"


class DetectorName(StrEnum):
    """The face detector."""

    BUILTIN = "builtin"
    S3FD = "s3fd"


class LogLevel(StrEnum):
    """Verbosity of the log file."""

    DEBUG = "debug"
    INFO = "info"
    WARNING = "warning"
    ERROR = "error"


class MemoryLimits(SettingsSection):
    """Shares of all memory of a pool. The defaults are 11.0 and 11.5 of a card's 12 GB."""

    soft: Annotated[Share, FormHints("Idle engines leave above")] = 11.0 / 12
    hard: Annotated[Share, FormHints("No engine loads above")] = 11.5 / 12


class EngineChoice(SettingsSection):
    """An engine and its chosen options, which its manifest checks."""

    effect = Effect.WHEN_LOADED
    engine: str
    options: dict[str, Any] = Field(default_factory=dict)


class AudioSettings(SettingsSection):
    """Sound devices."""

    microphone: Annotated[str | None, FormHints(effect=Effect.AT_ONCE)]
    speaker: Annotated[str | None, FormHints(effect=Effect.AT_ONCE)]
    aec: Annotated[EngineChoice, Kind.AEC, FormHints("Echo cancellation")]


class VideoCallSettings(SettingsSection):
    """The avatar as a camera and a microphone of other programs."""

    effect = Effect.AT_ONCE

    camera: Annotated[bool, FormHints("Virtual camera")]
    microphone: Annotated[bool, FormHints("Virtual microphone")]


class SightSettings(SettingsSection):
    """What the avatar looks through when it is asked to."""

    camera: Annotated[str, FormHints("Camera it looks through")]


class TurnDetectionSettings(SettingsSection):
    """Turn detection: the fields of TurnDetectionOptions, and the words that mean “go on”."""

    duck_after: Annotated[Seconds, FormHints("Quieter after")]
    pause_after: Annotated[Seconds, FormHints("Pause after")]
    min_speech: Annotated[Seconds, FormHints("Shortest speech")]
    prefix_padding: Annotated[Seconds, FormHints("Sound kept from before")]
    preemptive_generation_delay: Annotated[Seconds, FormHints("Prepare an answer after")]
    sure_endpointing_delay: Annotated[Seconds, FormHints("Turn ends after, if sure")]
    right_before: Annotated[int, Field(ge=0, le=100), FormHints("Turn engine trusted after")]
    min_endpointing_delay: Annotated[Seconds, FormHints("Turn ends after, at first")]
    max_endpointing_delay: Annotated[Seconds, FormHints("Turn ends after, at most")]
    max_utterance: Annotated[Seconds, FormHints("Longest utterance")]
    follow_up: Annotated[Seconds, FormHints("Awake after a turn")]
    backchannels: tuple[str, ...]


class AvatarSettings(SettingsSection):
    """How avatars are made of photos and clips."""

    effect = Effect.AT_ONCE

    detector: DetectorName
    detector_model: str | None
    detector_batch: Annotated[int, Field(ge=1, le=64)]


class ModelSettings(SettingsSection):
    """Models that are already on the machine."""

    effect = Effect.AT_ONCE

    folders: tuple[str, ...]


def _day(value: Any) -> Any:
    """Write a date, as YAML parses it, in ISO 8601."""
    return value.isoformat() if isinstance(value, date) else value


class WindowSettings(SettingsSection):
    """Appearance of the window."""

    effect = Effect.AT_ONCE

    theme: ThemeChoice
    language: LanguageChoice
    transcript: bool
    close_to_tray: Annotated[bool, FormHints("Closing hides it in the tray")]
    notifications: Annotated[bool, FormHints("Reminders as notifications")]
    talk_key: Annotated[TalkKey, FormHints("Push to talk in other programs")]
    mode: Annotated[str, Field(pattern="^(normal|compact|face)$"), FormHints(hidden=True)]
    compact_geometry: Annotated[str | None, FormHints(hidden=True)]
    geometry: Annotated[str | None, FormHints(hidden=True)]
    page: Annotated[str, FormHints(hidden=True)]
    first_steps: Annotated[str, Field(pattern="^(new|shown)$"), FormHints(hidden=True)]
    favorite_voices: Annotated[tuple[str, ...], FormHints(hidden=True)]
    starter_offer: Annotated[
        str,
        BeforeValidator(_day),
        Field(pattern=r"^(first|never|[\d-]{10})$"),
        FormHints(hidden=True),
    ]


class AccessSettings(SettingsSection):
    """What makes the window easier to see and to follow."""

    effect = Effect.AT_ONCE

    captions: bool
    caption_size: Annotated[float, Field(ge=0.75, le=2), FormHints("Size of captions", step=0.05)]
    font_scale: Annotated[float, Field(ge=0.8, le=1.5), FormHints("Size of text", step=0.05)]
    high_contrast: bool
    reduced_motion: bool


class WaitingSettings(SettingsSection):
    """What happens while an answer is waited for."""

    fillers: Annotated[bool, FormHints("Say what it is doing")]


class HistorySettings(SettingsSection):
    """What is stored of conversations."""

    keep: Annotated[bool, FormHints("Keep conversations")]
    days: Annotated[int, Field(ge=0), FormHints("Days kept", "days")]


class ConversationSettings(SettingsSection):
    """How the avatar converses."""

    answer_in_spoken_language: bool
    acknowledge: Annotated[bool, FormHints("Say “uh-huh” in my pauses")]


class NetworkSettings(SettingsSection):
    """How far the program may connect."""

    effect = Effect.AT_ONCE
    allowed: Annotated[NetworkAccess, FormHints("Connections allowed")]


class StudioSettings(SettingsSection):
    """Engines of the studio: pictures from prompts, moving portraits, and checks of them."""

    effect = Effect.AT_ONCE

    image: Annotated[EngineChoice, Kind.IMAGE, FormHints("Pictures", effect=Effect.AT_ONCE)]
    video: Annotated[EngineChoice, Kind.VIDEO, FormHints("Moving pictures", effect=Effect.AT_ONCE)]
    animate: Annotated[
        EngineChoice, Kind.ANIMATE, FormHints("Moving portraits", effect=Effect.AT_ONCE)
    ]
    renderer: Annotated[EngineChoice, Kind.RENDERER, FormHints("Renderer", effect=Effect.AT_ONCE)]
    verify: Annotated[
        EngineChoice, Kind.VERIFY, FormHints("Checks of pictures", effect=Effect.AT_ONCE)
    ]


class LogSettings(SettingsSection):
    """What is logged."""

    level: LogLevel


class Settings(SettingsSection):
    """Every setting; config/default.yaml documents each."""

    face: Annotated[EngineChoice, Kind.FACE, FormHints("Face"), Page.AVATAR]
    avatars: Annotated[AvatarSettings, Page.AVATAR]
    tts: Annotated[EngineChoice, Kind.TTS, FormHints("Voice"), Page.VOICE]
    asr: Annotated[EngineChoice, Kind.ASR, FormHints("Speech recognition"), Page.LISTENING]
    vad: Annotated[EngineChoice, Kind.VAD, FormHints("Voice detection"), Page.LISTENING]
    turn: Annotated[EngineChoice, Kind.TURN, FormHints("End of turn"), Page.LISTENING]
    turn_detection: Annotated[TurnDetectionSettings, Page.LISTENING]
    wake: Annotated[EngineChoice, Kind.WAKE, FormHints("Wake word"), Page.LISTENING]
    persona: Annotated[str, FormHints(effect=Effect.AT_ONCE), Page.BRAIN]
    dialogue: Annotated[EngineChoice, Kind.DIALOGUE, FormHints("Conversation"), Page.BRAIN]
    waiting: Annotated[WaitingSettings, FormHints("While it thinks"), Page.BRAIN]
    conversation: Annotated[ConversationSettings, FormHints("Language"), Page.BRAIN]
    speaks_first: Annotated[SpeaksFirstSettings, FormHints("Speaks first"), Page.BRAIN]
    audio: Annotated[AudioSettings, Page.DEVICES]
    video_call: Annotated[VideoCallSettings, FormHints("Video calls"), Page.DEVICES]
    sight: Annotated[SightSettings, FormHints("Sight"), Page.DEVICES]
    window: Annotated[WindowSettings, Page.APPEARANCE]
    ui: Annotated[AccessSettings, FormHints("Access"), Page.APPEARANCE]
    history: Annotated[HistorySettings, Page.PRIVACY]
    network: Annotated[NetworkSettings, Page.PRIVACY]
    render: Annotated[RenderSettings, Page.FILMS]
    face_enhancement: Annotated[
        EngineChoice, Kind.ENHANCE, FormHints("Mouth detail", effect=Effect.AT_ONCE), Page.FILMS
    ]
    studio: Annotated[StudioSettings, FormHints("Studio"), Page.FILMS]
    models: Annotated[ModelSettings, Page.MODELS]
    memory_limits: Annotated[MemoryLimits, Page.PERFORMANCE]
    log: Annotated[LogSettings, Page.MORE]


@cache
def setting_names(schema: type[Settings] = Settings) -> tuple[Name, ...]:
    """Return the names of all settings."""
    return tuple(_names(schema, ()))


def _names(section: type[BaseModel], above: Name) -> list[Name]:
    names = []
    for key, entry in section.model_fields.items():
        kind = entry.annotation
        if isinstance(kind, type) and issubclass(kind, BaseModel):
            names += _names(kind, (*above, key))
        else:
            names.append((*above, key))
    return names


@cache
def engine_settings(schema: type[Settings] = Settings) -> Mapping[Name, Kind]:
    """Return the setting that chooses the engine of each kind: {("tts",): Kind.TTS, …}."""
    return dict(_engine_settings(schema, ()))


def _engine_settings(section: type[BaseModel], above: Name) -> Iterator[tuple[Name, Kind]]:
    for key, entry in section.model_fields.items():
        below = entry.annotation
        if isinstance(below, type) and issubclass(below, BaseModel):
            yield from _engine_settings(below, (*above, key))
        yield from (((*above, key), mark) for mark in entry.metadata if isinstance(mark, Kind))
