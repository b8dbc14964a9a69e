"""Offline conversations with the configured engines, for films and measurements.

A face that fails falls back and recovers as in the running program; other engines are not replaced,
as a film or measurement of a substitute would be of no use.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import ExitStack, contextmanager
from typing import Any

from avatar_app.core.events import Event, Failed, Noticed, TurnEnded
from avatar_app.core.listeners import Listeners
from avatar_app.core.manifest import Kind
from avatar_app.core.values import BLOCK_SECONDS
from avatar_app.pipeline import commands
from avatar_app.runtime.fallback.engine_switch import LoadsInBackground
from avatar_app.runtime.registry import Registry
from avatar_app.session.build import Surroundings, assemble
from avatar_app.session.offline.devices import SimulatedClock, SimulatedDevices
from avatar_app.session.speaking_first.wishes import FirstWishes
from avatar_app.settings.schema import Settings
from avatar_app.system.paths import AppPaths


class OfflineConversation:
    """Simulated devices, the conversation with them, and what happened at which second."""

    def __init__(
        self,
        settings: Settings,
        paths: AppPaths,
        notice: Callable[[Noticed], None],
        wishes: FirstWishes | None = None,
        **devices: Any,
    ) -> None:
        self.clock = SimulatedClock()
        self.events: list[tuple[float, Event]] = []
        self._listeners = Listeners[Event]()
        around = Surroundings(
            settings=settings,
            registry=Registry(),
            paths=paths,
            controls=self,
            post=self._post,
            notice=notice,
            clock=self.clock,
            supervised=frozenset({Kind.FACE}),
            wishes=wishes,
        )
        with ExitStack() as opened:
            parts = assemble(around, opened)
            self.engine_set, self.conversation = parts.engines, parts.conversation
            self.initiative = parts.tools.initiative
            self._listeners.subscribe(self.initiative)
            for engine in self.engine_set.engines.values():
                if isinstance(engine, LoadsInBackground):
                    engine.wait_ready()
            self._rest_in_full()
            self.devices = SimulatedDevices(self.conversation, self.clock, **devices)
            self._opened = opened.pop_all()

    @property
    def ended(self) -> list[TurnEnded]:
        """Return the turns that are over, in order."""
        return [event for _, event in self.events if isinstance(event, TurnEnded)]

    @property
    def notices(self) -> list[Noticed | Failed]:
        """Return the notices to the user since it opened, in order."""
        return [event for _, event in self.events if isinstance(event, Noticed | Failed)]

    def close(self) -> None:
        self._opened.close()

    def configure_voice(self, **options: Any) -> None:
        self.engine_set.engines[Kind.TTS].configure(**options)

    def set_volume(self, volume: float) -> None:
        self.conversation.playback.volume = volume

    def mute(self, *, muted: bool) -> None:
        self.conversation.send(commands.Mute(muted))

    def _rest_in_full(self) -> None:
        """Draw every frame: in a film there are as many at rest as in speech."""
        options = {option.name for option in self.engine_set.manifests[Kind.FACE].options}
        if "rest_fps" in options:
            self.engine_set.engines[Kind.FACE].configure(rest_fps=self.conversation.presenter.fps)

    def _post(self, event: Event) -> None:
        self.events.append((self.clock(), event))
        self._listeners(event)


@contextmanager
def offline_conversation(
    settings: Settings,
    paths: AppPaths,
    notice: Callable[[Noticed], None],
    pace: float = BLOCK_SECONDS,
    **devices: Any,
) -> Iterator[OfflineConversation]:
    """Open an offline conversation and close it at the end."""
    offline = OfflineConversation(settings, paths, notice, pace=pace, **devices)
    try:
        yield offline
    finally:
        offline.close()


def voice_end(samples: Any, rate: int, floor: float = 0.05) -> float:
    """Return the seconds after which a recording holds no more voice: its last 10 ms above a share
    `floor` of its loudest."""
    import numpy as np

    block = rate // 100
    count = len(samples) // block
    if not count:
        return 0.0
    levels = np.abs(samples[: count * block]).reshape(count, block).mean(axis=1)
    loud = np.nonzero(levels > floor * levels.max())[0]
    return float(loud[-1] + 1) / 100 if levels.max() > 0 else 0.0
