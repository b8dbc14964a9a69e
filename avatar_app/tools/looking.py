"""The tool that takes one picture, of the camera, the screen or a window."""

from __future__ import annotations

from typing import Literal

from avatar_app.core.prompt import PicturePart
from avatar_app.tools.services import Services


def look(services: Services, at: Literal["camera", "screen", "window"] = "camera") -> PicturePart:
    """Take one picture with the camera, of the screen or a window, to see what the user shows.

    Args:
        at: What to look at: the camera, for things and people; the screen, for all programs; the
            window, for the program that the user works in.
    """
    return services.eyes.look(at)


TOOLS = (look,)
