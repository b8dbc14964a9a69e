"""A turn whose engine fails is finished by a built-in one, in the conversation of the program."""

from __future__ import annotations

from contextlib import ExitStack
from typing import Any

from avatar_app.core.errors import EngineFailed
from avatar_app.core.events import Event, Failed, Outcome, TurnEnded
from avatar_app.core.manifest import Kind
from avatar_app.pipeline import commands
from avatar_app.runtime.fallback.spare_engines import SpareEngines
from avatar_app.runtime.fallback.supervisor import SUPERVISED
from avatar_app.runtime.registry import Registry
from avatar_app.session.build import Assembly, Surroundings, assemble
from avatar_app.session.offline.devices import SimulatedClock, SimulatedDevices
from avatar_app.settings.loading import load_settings
from avatar_app.system.paths import app_paths


class Controls:
    """What the avatar may change here: nothing."""

    def __getattr__(self, _name: str) -> Any:
        return lambda *_arguments: None


def assembled(opened: ExitStack, events: list[Event], clock: SimulatedClock) -> Assembly:
    settings, _ = load_settings()
    around = Surroundings(
        settings,
        Registry(),
        app_paths(),
        Controls(),
        events.append,
        events.append,
        clock,
        supervised=SUPERVISED,
    )
    return assemble(around, opened)


class Broken:
    def reply(self, *_arguments: Any) -> Any:
        raise EngineFailed("It broke.", "Mend it.")

    speak = transcribe = reply

    def configure(self, **_options: Any) -> None:
        """Has none."""

    def close(self) -> None:
        """Has nothing."""


def test_a_turn_is_finished_by_the_built_in_engines() -> None:
    events: list[Event] = []
    clock = SimulatedClock()
    with ExitStack() as opened:
        parts = assembled(opened, events, clock)
        for kind in (Kind.DIALOGUE, Kind.TTS):
            broken = parts.engines.registry.find(kind, parts.engines.manifests[kind].name)
            parts.engines.manifests[kind] = renamed(broken)
            parts.conversation.send(commands.SwitchEngine(kind, Broken()))
        room = SimulatedDevices(parts.conversation, clock, 20.0)
        parts.conversation.send(commands.TextTyped("what is two plus two"))
        for _ in range(3000):
            room.step(None)
            if ended := [each for each in events if isinstance(each, TurnEnded)]:
                break
        assert ended[0].outcome is Outcome.FINISHED
        assert "4" in ended[0].heard_text
        failed = [each.stage for each in events if isinstance(each, Failed)]
        assert failed[:2] == ["think", "speak"]


def renamed(manifest: Any) -> Any:
    from dataclasses import replace

    return replace(manifest, name="another")


def test_a_builtin_engine_has_no_spare() -> None:
    with ExitStack() as opened:
        parts = assembled(opened, [], SimulatedClock())
        spares = SpareEngines(parts.engines)
        assert not any(spares.offers(kind) for kind in Kind)
        parts.engines.manifests[Kind.TTS] = renamed(parts.engines.manifests[Kind.TTS])
        assert [kind for kind in Kind if spares.offers(kind)] == [Kind.TTS]
        assert not SpareEngines(parts.engines, {Kind.FACE}).offers(Kind.TTS)
        voice = spares.engine(Kind.TTS)
        assert spares.engine(Kind.TTS) is voice
        spares.close()
