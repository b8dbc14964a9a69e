"""Emotions and named characters: recipes of manner, and of blended speakers where a voice has
them.

The numbers are a matter of taste, kept within what Rubber Band changes without artifacts.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from enum import StrEnum
from typing import Any

from avatar_app.core.engines import HasBlends
from avatar_app.core.errors import ConfigInvalid, choose_one_of
from avatar_app.core.manifest import Manifest, OptionType
from avatar_app.core.values import Mood


class Emotion(StrEnum):
    """How the script is said."""

    NEUTRAL = "neutral"
    EXCITED = "excited"
    SAD = "sad"
    ANGRY = "angry"
    MANIC = "manic"


@dataclass(frozen=True, slots=True)
class Delivery:
    """How an emotion changes any voice."""

    speed: float = 1.0
    """Factor."""
    pitch: float = 0.0
    """Semitones, added."""
    expressiveness: float = 1.0
    """Factor of the intonation's range."""
    volume: float = 1.0
    """Factor."""
    share: float = 0.0
    """Of a livelier or calmer speaker in the blend, where a voice can blend."""
    mood: Mood = Mood.NEUTRAL
    """What the face shows; neutral leaves it to the words."""


DELIVERIES: Mapping[Emotion, Delivery] = {
    Emotion.NEUTRAL: Delivery(),
    Emotion.EXCITED: Delivery(1.12, 1.0, 1.5, 1.1, 0.35, Mood.JOY),
    Emotion.SAD: Delivery(0.86, -1.0, 0.6, 0.85, 0.3, Mood.CONCERN),
    Emotion.ANGRY: Delivery(1.06, -0.5, 1.35, 1.3, 0.25),
    Emotion.MANIC: Delivery(1.25, 1.5, 1.9, 1.2, 0.5, Mood.JOY),
}
COMPANIONS: Mapping[str, Mapping[str, Mapping[Emotion, str]]] = {
    "kokoro": {
        "f": {
            Emotion.EXCITED: "af_bella",
            Emotion.SAD: "af_nicole",
            Emotion.ANGRY: "af_kore",
            Emotion.MANIC: "af_bella",
        },
        "m": {
            Emotion.EXCITED: "am_puck",
            Emotion.SAD: "am_onyx",
            Emotion.ANGRY: "am_fenrir",
            Emotion.MANIC: "am_puck",
        },
    },
}
"""The speaker that an emotion blends in: by engine, and by the second letter of a voice's name,
which tells women's voices from men's."""


@dataclass(frozen=True, slots=True)
class Character:
    """A named preset of voice and manner."""

    voices: Mapping[str, str]
    """The value of the option `voice`, by engine."""
    manner: Mapping[str, float] = field(default_factory=dict)
    """Further options."""


CHARACTERS: Mapping[str, Character] = {
    "mira": Character({"kokoro": "af_heart", "espeak": "f2"}),
    "theo": Character({"kokoro": "am_michael", "espeak": "m3"}, {"pitch": -1.0}),
    "pip": Character({"kokoro": "af_sky", "espeak": "f5"}, {"pitch": 2.0, "expressiveness": 1.2}),
    "narrator": Character({"kokoro": "bm_george", "espeak": "m7"}, {"expressiveness": 0.85}),
    "host": Character({"kokoro": "af_bella:0.6+af_heart:0.4", "espeak": "f3"}),
}


def character(name: str) -> Character:
    """Return a preset; raises ConfigInvalid for an unknown one."""
    if name.lower() not in CHARACTERS:
        raise ConfigInvalid(f"Unknown character {name!r}.", choose_one_of(CHARACTERS))
    return CHARACTERS[name.lower()]


def deliver(
    manifest: Manifest,
    options: Mapping[str, Any],
    emotion: Emotion,
    blends: HasBlends | None = None,
) -> dict[str, Any]:
    """Return a voice's options with an emotion added, each within the range of its option; what the
    voice cannot change stays as it is. `blends`: how the engine mixes speakers, if it does."""
    how, known = DELIVERIES[emotion], {option.name: option for option in manifest.options}
    asked = dict(options)
    for name, change in _changes(how).items():
        option = known.get(name)
        if option is None or option.type is not OptionType.NUMBER:
            continue
        before = float(asked.get(name, option.default))
        if (after := change(before)) != before:
            least = after if option.min is None else option.min
            most = after if option.max is None else option.max
            asked[name] = min(max(after, least), most)
    if blends is not None and "voice" in known:
        voice = str(asked.get("voice") or known["voice"].default)
        asked["voice"] = _blended(voice, emotion, COMPANIONS.get(manifest.name, {}), blends)
    return asked


def _changes(how: Delivery) -> dict[str, Callable[[float], float]]:
    return {
        "speed": lambda value: value * how.speed,
        "pitch": lambda value: value + how.pitch,
        "expressiveness": lambda value: value * how.expressiveness,
        "volume": lambda value: value * how.volume,
    }


def _blended(
    voice: str,
    emotion: Emotion,
    companions: Mapping[str, Mapping[Emotion, str]],
    blends: HasBlends,
) -> str:
    """Return the blend of a voice with the speaker of an emotion."""
    share = DELIVERIES[emotion].share
    companion = companions.get(voice[1:2], {}).get(emotion)
    shares = blends.blended(voice)
    if companion is None or companion in shares:
        return voice
    return blends.blend(
        {name: own * (1 - share) for name, own in shares.items()} | {companion: share}
    )
