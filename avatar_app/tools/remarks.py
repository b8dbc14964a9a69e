"""Tools for what the avatar says on its own: why it did, and never again."""

from __future__ import annotations

from functools import partial

from avatar_app.core.errors import InputInvalid
from avatar_app.tools.services import Services

_NAMES = {"morning": "the good morning", "follow_up": "asking how things went"}


def explain_remark(services: Services) -> str:
    """Tell why you spoke without being asked, for a user who wonders; empty if you did not."""
    return services.remarks.explain()


def stop_remarks(services: Services) -> list[str]:
    """Switch off what you say without being asked, when the user does not want to hear it."""
    kinds = services.remarks.stop()
    if not kinds:
        raise InputInvalid("I say nothing on my own: that is switched off.")
    names = [_NAMES.get(kind, kind) for kind in kinds]
    services.undo.add(
        f"switching off {' and '.join(names)}", partial(services.remarks.resume, kinds)
    )
    return names


TOOLS = (explain_remark, stop_remarks)
