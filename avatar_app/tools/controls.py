"""Controls of the application: speed, volume, microphone and window."""

from __future__ import annotations

from typing import Literal

from avatar_app.core.errors import InputInvalid
from avatar_app.core.events import Control
from avatar_app.tools.services import Services

SPEED_STEP = 1.2
"""Factor: clearly audible without being startling."""
VOLUME_STEP = 0.2
_OPPOSITE = {
    Control.SHOW_TRANSCRIPT: Control.HIDE_TRANSCRIPT,
    Control.HIDE_TRANSCRIPT: Control.SHOW_TRANSCRIPT,
    Control.USE_DARK_THEME: Control.USE_LIGHT_THEME,
    Control.USE_LIGHT_THEME: Control.USE_DARK_THEME,
}


def change_speaking_speed(services: Services, change: Literal["faster", "slower", "normal"]) -> str:
    """Make the avatar speak faster, slower, or at its normal speed.

    Args:
        change: The direction of the change.
    """
    before = services.controls.speed
    services.undo.add("the speed", lambda: services.controls.set_speed(before))
    match change:
        case "faster":
            services.controls.change_speed(SPEED_STEP)
        case "slower":
            services.controls.change_speed(1 / SPEED_STEP)
        case "normal":
            services.controls.set_speed(1.0)
    return change


def change_volume(services: Services, change: Literal["louder", "quieter", "full"]) -> str:
    """Make the avatar's voice louder, quieter, or as loud as possible.

    Args:
        change: The direction of the change.
    """
    before = services.controls.volume
    services.undo.add("the volume", lambda: services.controls.set_volume(before))
    match change:
        case "louder":
            services.controls.change_volume(VOLUME_STEP)
        case "quieter":
            services.controls.change_volume(-VOLUME_STEP)
        case "full":
            services.controls.set_volume(1.0)
    return change


def mute_microphone(services: Services) -> bool:
    """Stop listening, until the user opens the microphone again by hand."""
    services.controls.mute()
    return True


def control_window(services: Services, control: Control) -> str:
    """Change what the application's window shows, or close it.

    Args:
        control: What the window should do.
    """
    if control is Control.SHOW_SOURCE:
        raise InputInvalid("The tool show_source shows where something was said.")
    services.controls.show(control)
    if opposite := _OPPOSITE.get(control):
        services.undo.add(control.value, lambda: services.controls.show(opposite))
    return control.value


TOOLS = (change_speaking_speed, change_volume, mute_microphone, control_window)
