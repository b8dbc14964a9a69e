"""A benchmark scene: simulated devices with a conversation of given engines, and its events."""

from __future__ import annotations

from collections.abc import Callable
from contextlib import ExitStack
from typing import Any, Self

import numpy as np

from avatar_app.core.events import Event, State, TurnEnded
from avatar_app.core.manifest import Kind
from avatar_app.core.values import MICROPHONE_BLOCK, Samples, ToolResult
from avatar_app.pipeline.conversation import Conversation, Engines
from avatar_app.pipeline.input.turn_detection import TurnDetectionOptions
from avatar_app.runtime.engine_set import create_engine
from avatar_app.runtime.kinds import choices
from avatar_app.runtime.registry import Registry
from avatar_app.session.offline.devices import SimulatedClock, SimulatedDevices, Tick, block_of
from avatar_app.settings.schema import Settings

OUTPUT_LATENCY = 0.06
"""Seconds from the device's reading of a block until it is played: a typical laptop."""


def load_chosen(settings: Settings, kind: Kind) -> Any:
    """Return the engine of this kind that the settings choose."""
    registry = Registry()
    choice = choices(settings)[kind]
    return create_engine(registry, registry.find(kind, choice.engine), choice.options)


def turn_detection_options(settings: Settings) -> TurnDetectionOptions:
    return TurnDetectionOptions(**settings.turn_detection.model_dump(exclude={"backchannels"}))


class Scene:
    """Context manager. Engines passed to `owned` are closed with it."""

    def __init__(
        self,
        engines: Engines,
        turn_detection: TurnDetectionOptions | None = None,
        acknowledgment: str = "",
        **devices: Any,
    ) -> None:
        self.clock = SimulatedClock()
        self.events: list[tuple[float, Event]] = []
        self.conversation = Conversation(
            engines,
            lambda event: self.events.append((self.clock(), event)),
            lambda call: ToolResult(error=f"Unknown tool {call.name!r}."),
            self.clock,
            turn_detection=turn_detection,
            acknowledgment=acknowledgment,
        )
        self.devices = SimulatedDevices(self.conversation, self.clock, **devices)
        self.moments: list[Tick] = []
        self._rng = np.random.default_rng(7)
        self._closing = ExitStack()
        self.noise = 0.0
        """RMS of the room noise at the microphone."""

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self.conversation.close()
        self._closing.close()

    def owned(self, *engines: Any) -> Self:
        for engine in engines:
            self._closing.callback(engine.close)
        return self

    def step(self, microphone: Samples | None = None) -> Tick:
        heard = np.zeros(MICROPHONE_BLOCK, np.float32) if microphone is None else microphone
        if self.noise:
            hiss = self._rng.standard_normal(MICROPHONE_BLOCK) * self.noise
            heard = heard + hiss.astype(np.float32)
        moment = self.devices.step(heard)
        self.moments.append(moment)
        return moment

    def play(self, samples: Samples) -> float:
        """Play a recording into the microphone; returns the second at which it began."""
        began = self.clock()
        for index in range(-(-len(samples) // MICROPHONE_BLOCK)):
            self.step(block_of(samples, index))
        return began

    def pass_time(self, seconds: float) -> None:
        for _ in range(round(seconds * 100)):
            self.step()

    def pass_until(self, condition: Callable[[], object], most: float) -> bool:
        """Run until `condition` is true, `most` seconds at most; returns False if it is not."""
        for _ in range(round(most * 100)):
            if condition():
                return True
            self.step()
        return bool(condition())

    def speaking(self) -> bool:
        """Whether the avatar is being heard."""
        return self.conversation.state is State.SPEAKING

    def of(self, kind: type[Any]) -> list[Any]:
        """Return the events of one kind, in order."""
        return [event for _, event in self.events if isinstance(event, kind)]

    @property
    def ended(self) -> list[TurnEnded]:
        return self.of(TurnEnded)
