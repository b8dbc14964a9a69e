"""The tool that takes back what was done last."""

from __future__ import annotations

from avatar_app.tools.services import Services


def undo_last(services: Services) -> str:
    """Undo what was done last: a note, timer, reminder, fact, speed, volume or step of a page."""
    return services.undo.undo()


TOOLS = (undo_last,)
