"""Controls of the application: speed, volume, microphone and window."""

from __future__ import annotations

from typing import Literal

from avatar_app.core.events import Control
from avatar_app.tools.services import Services

SPEED_STEP = 1.2
"""Factor: clearly audible without being startling."""
VOLUME_STEP = 0.2


def change_speaking_speed(services: Services, change: Literal["faster", "slower", "normal"]) -> str:
    """Make the avatar speak faster, slower, or at its normal speed.

    Args:
        change: The direction of the change.
    """
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
    services.controls.show(control)
    return control.value


TOOLS = (change_speaking_speed, change_volume, mute_microphone, control_window)
