"""Plans a page while the user waits for the answer: in 20 seconds, or the model is too slow."""

from __future__ import annotations

import threading
from collections.abc import Callable
from contextlib import AbstractContextManager
from pathlib import Path

from avatar_app.agents.base import LanguageModel
from avatar_app.agents.building.page import BuiltPage, PageBuilder, reason_of
from avatar_app.agents.workflows.retry import RetryConfig
from avatar_app.agents.workflows.workflow import RunState
from avatar_app.core.errors import AvatarError, EngineFailed
from avatar_app.core.turn import Turn
from avatar_app.session.pages.project import PageProject, new_project
from avatar_app.tools.services import PagePlan

PLAN_SECONDS = 20.0
"""A model that makes no plan in this time is too slow to write a page."""
OpenModel = Callable[[Callable[[Turn], None]], AbstractContextManager[LanguageModel]]
"""Loads the model that writes; it calls the function after each piece, to give way."""


def planned(
    folder: Path, request: str, turn: Turn | None, open_model: OpenModel
) -> tuple[PageProject, PagePlan]:
    """Return a new project below `folder` that waits for a yes, and its plan; ends with `turn`.
    Raises AvatarError, and then leaves nothing behind."""
    project = new_project(folder, request)
    if turn is not None:
        turn.when_cancelled(project.job.cancel)
    late = threading.Timer(PLAN_SECONDS, project.job.cancel)
    late.daemon = True
    late.start()
    plans: list[PagePlan] = []

    def keep(steps: list[str], minutes: int) -> None:
        plans.append(PagePlan(tuple(steps), minutes))

    try:
        with open_model(_never) as model:
            builder = PageBuilder(model, project.root, RetryConfig(max_attempts=1))
            built = builder.build(request, keep, _ignore, project.job)
        if not plans:
            raise EngineFailed(*_why(built))
    except AvatarError:
        project.discard()
        raise
    finally:
        late.cancel()
    return project, plans[0]


def _why(built: BuiltPage) -> tuple[str, str]:
    """Return why there is no plan, and what helps."""
    if built.result.state is RunState.CANCELLED:
        return (
            f"The language model is too slow for this: it made no plan in {PLAN_SECONDS:.0f}"
            " seconds.",
            "Choose a faster or smaller one.",
        )
    return reason_of(built.result), ""


def _ignore(_text: str) -> None:
    """Plans are said by who asked for them."""


def _never(_turn: Turn) -> None:
    """The user waits: nothing is more urgent."""
