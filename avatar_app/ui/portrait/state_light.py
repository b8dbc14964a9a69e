"""The state of the light around the portrait: values that fade between states, without Qt."""

from __future__ import annotations

import math
from dataclasses import dataclass, field
from enum import StrEnum

from avatar_app.core.events import State
from avatar_app.ui.widgets.loudness import loudness

FADE_SECONDS = 0.16
"""Time constant of the fade between lights."""
ATTACK_SECONDS = 0.04
RELEASE_SECONDS = 0.22
ORBITS_PER_SECOND = 0.55
PULSES_PER_SECOND = 0.8


class Light(StrEnum):
    """The lights that can be shown."""

    LISTENING = "listening"
    THINKING = "thinking"
    SPEAKING = "speaking"
    MUTED = "muted"


_OF_STATE = {
    State.IDLE: None,
    State.LISTENING: Light.LISTENING,
    State.THINKING: Light.THINKING,
    State.SPEAKING: Light.SPEAKING,
}


@dataclass
class StateLight:
    """The light's state; `advance` moves it on by some milliseconds."""

    state: State = State.IDLE
    muted: bool = False
    microphone_db: float = -100.0
    playback_db: float = -100.0
    weights: dict[Light, float] = field(default_factory=lambda: dict.fromkeys(Light, 0.0))
    """How much of each light is on, 0 to 1."""
    level: float = 0.0
    """Loudness of the current speaker, smoothed, 0 to 1."""
    seconds: float = 0.0
    still: bool = False
    """Whether nothing pulses or circles."""

    @property
    def target(self) -> Light | None:
        """Return the light to show. The microphone's matters only while it could listen."""
        light = _OF_STATE[self.state]
        if self.muted and light in (None, Light.LISTENING):
            return Light.MUTED
        return light

    @property
    def moving(self) -> bool:
        """Whether the next picture differs from this one: a light fades or pulses."""
        resting = (None, Light.MUTED, Light.THINKING) if self.still else (None, Light.MUTED)
        if self.target not in resting:
            return True
        goals = ((weight, float(light is self.target)) for light, weight in self.weights.items())
        return any(abs(goal - weight) > 0.004 for weight, goal in goals)

    @property
    def orbit(self) -> float:
        """Return the position of the thinking shimmer, in degrees."""
        return (self.seconds * ORBITS_PER_SECOND * 360.0) % 360.0

    @property
    def pulse(self) -> float:
        """Return a slow pulse, 0 to 1."""
        if self.still:
            return 1.0
        return 0.5 - 0.5 * math.cos(2 * math.pi * PULSES_PER_SECOND * self.seconds)

    def advance(self, seconds: float) -> None:
        """Move on by `seconds`."""
        self.seconds += seconds
        for light in Light:
            goal = 1.0 if light is self.target else 0.0
            self.weights[light] += _approach(goal - self.weights[light], seconds, FADE_SECONDS)
        goal = loudness(self._db)
        constant = ATTACK_SECONDS if goal > self.level else RELEASE_SECONDS
        self.level += _approach(goal - self.level, seconds, constant)

    def strength(self, light: Light) -> float:
        """Return how bright `light` is now, 0 to 1."""
        shape = {
            Light.LISTENING: 0.45 + 0.55 * self.level,
            Light.THINKING: 0.40 + 0.15 * self.pulse,
            Light.SPEAKING: 0.40 + 0.15 * self.pulse + 0.45 * self.level,
            Light.MUTED: 0.30,
        }
        return self.weights[light] * min(1.0, shape[light])

    @property
    def _db(self) -> float:
        return self.playback_db if self.state is State.SPEAKING else self.microphone_db


def _approach(distance: float, seconds: float, constant: float) -> float:
    return distance * (1.0 - math.exp(-seconds / constant))
