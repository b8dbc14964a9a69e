"""Microphones and loudspeakers of the machine, selected by name."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from enum import StrEnum


class Direction(StrEnum):
    INPUT = "input"
    OUTPUT = "output"


@dataclass(frozen=True)
class Device:
    """A microphone, a loudspeaker, or both."""

    name: str
    host: str
    """The system's sound interface that offers it (ALSA, Core Audio, Windows WASAPI)."""
    inputs: int
    """Recording channels; 0 for a loudspeaker."""
    outputs: int
    """Playback channels; 0 for a microphone."""
    default_input: bool
    default_output: bool

    def channels(self, direction: Direction) -> int:
        return self.inputs if direction is Direction.INPUT else self.outputs

    def is_default(self, direction: Direction) -> bool:
        return self.default_input if direction is Direction.INPUT else self.default_output


def matching(devices: Sequence[Device], name: str, direction: Direction) -> Device | None:
    """Return the device with this name: exactly, else with its host ("USB Headset, ALSA"), else the
    first whose name contains it; ignores case."""
    wanted = name.strip().casefold()
    able = [device for device in devices if device.channels(direction) > 0]
    exact = [device for device in able if device.name.casefold() == wanted]
    full = [device for device in able if f"{device.name}, {device.host}".casefold() == wanted]
    partly = [device for device in able if wanted and wanted in device.name.casefold()]
    return next(iter([*exact, *full, *partly]), None)


def default(devices: Sequence[Device], direction: Direction) -> Device | None:
    """Return the system's default, else the first device with the needed channels."""
    able = [device for device in devices if device.channels(direction) > 0]
    chosen = [device for device in able if device.is_default(direction)]
    return next(iter([*chosen, *able]), None)


def candidates(devices: Sequence[Device], wanted: str | None, direction: Direction) -> list[Device]:
    """Return the devices to try, best first: the wanted one, then the system's default."""
    named = matching(devices, wanted, direction) if wanted else None
    both = [device for device in (named, default(devices, direction)) if device is not None]
    return list(dict.fromkeys(both))
