"""Tools with which the avatar builds a small web page while the conversation goes on."""

from __future__ import annotations

from typing import Any

from avatar_app.core.errors import InputInvalid
from avatar_app.core.turn import Turn
from avatar_app.tools.services import Services

LONGEST_REQUEST = 500
"""Characters."""


def plan_page(services: Services, turn: Turn | None, request: str) -> dict[str, Any]:
    """Plan a small web page that the user wants to have built; nothing is built yet.

    Args:
        request: What the page is to show or do, in the user's words.
    """
    wanted = " ".join(request.split())[:LONGEST_REQUEST]
    if not wanted:
        raise InputInvalid("Say what the page is to show.")
    plan = services.pages.plan(wanted, turn)
    return {"steps": list(plan.steps), "minutes": plan.minutes}


def build_page(services: Services) -> bool:
    """Build the web page that was planned last, beside the conversation."""
    return bool(services.pages.build())


def show_page(services: Services) -> str:
    """Open the web page that was built, or is being built, in the browser."""
    return services.pages.show()


def stop_building(services: Services) -> str:
    """Stop building the web page; what was done so far is kept."""
    return services.pages.stop()


def resume_building(services: Services) -> str:
    """Go on building the web page where it was stopped or cut off."""
    return services.pages.resume()


TOOLS = (plan_page, build_page, show_page, stop_building, resume_building)
