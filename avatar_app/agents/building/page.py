"""“Build me a small page that …”: the workflow, and the builder that runs it in a folder."""

from __future__ import annotations

import re
from collections.abc import Callable
from contextlib import closing
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from avatar_app.agents.base import LanguageModel
from avatar_app.agents.building.history import ProjectHistory
from avatar_app.agents.building.project import ProjectAgent
from avatar_app.agents.orchestrator import AgentOrchestrator
from avatar_app.agents.roles.planning import PlanningAgent
from avatar_app.agents.roles.review import ReviewAgent
from avatar_app.agents.roles.testing import TestingAgent
from avatar_app.agents.roles.writing import PAGE, BackendAgent, FrontendAgent
from avatar_app.agents.sandbox import check_sandbox
from avatar_app.agents.workflows.context_store import CHECKPOINTS, ContextStore, StepState
from avatar_app.agents.workflows.retry import RetryConfig
from avatar_app.agents.workflows.workflow import (
    RunState,
    Workflow,
    WorkflowResult,
    WorkflowStep,
)
from avatar_app.core.jobs import Job

REPAIRS = 3
FIRST_PASS = (
    "plan", "estimate", "begin", "frontend", "backend", "save", "tests", "save_tests", "test_0",
    "review_0",
)  # fmt: skip
"""The steps of a page that needs no repair."""
BEGUN = "I have begun to build."
FIRST_VERSION = "A first version is written; I am testing and reviewing it."
"""The milestones before the last one."""
BROKEN = "not tests_passed or len(findings) > 0"
SITE, RUN, HISTORY = "site", "run", "history.git"
"""Folders of a project: only the first is seen by programs that a model wrote."""
_PROBLEMS = ("tests_passed", "test_output", "findings")


def page_workflow(name: str = "page", repairs: int = REPAIRS) -> Workflow:
    """Return the steps from a `request` to a page that is tested and reviewed."""
    written = ("frontend_files", "backend_files")
    asked = ("request", "plan")
    return Workflow(
        name,
        (
            WorkflowStep("plan", "planning", "plan", ("request",), ("plan",)),
            WorkflowStep("estimate", "planning", "estimate", ("plan",), ("minutes",)),
            WorkflowStep(
                "begin", "project", "begin", ("minutes",), ("begun",), approval="Build this page?"
            ),
            WorkflowStep("frontend", "frontend", "write", asked, written[:1], after=("begin",)),
            WorkflowStep("backend", "backend", "write", asked, written[1:], after=("begin",)),
            WorkflowStep("save", "project", "save", written, ("files",)),
            WorkflowStep("tests", "testing", "write", asked, ("test_files",), after=("save",)),
            WorkflowStep("save_tests", "project", "save_tests", ("test_files",), ("tests",)),
            *_checked("0", "save_tests"),
            *(step for number in range(1, repairs + 1) for step in _repaired(str(number))),
        ),
    )


def _checked(number: str, after: str, condition: str = "") -> tuple[WorkflowStep, ...]:
    run, look = f"test_{number}", f"review_{number}"
    results = ("tests_passed", "test_output")
    return (
        WorkflowStep(run, "testing", "run_tests", (), results, condition=condition, after=(after,)),
        WorkflowStep(
            look, "review", "review", (), ("findings",), condition=condition, after=(run,)
        ),
    )


def _repaired(number: str) -> tuple[WorkflowStep, ...]:
    gather, repair, save = f"gather_{number}", f"repair_{number}", f"save_{number}"
    broken = ("request", "files", "problems")
    made = ("frontend_files",)
    return (
        WorkflowStep(gather, "project", "gather", _PROBLEMS, ("problems",), condition=BROKEN),
        WorkflowStep(repair, "frontend", "repair", broken, made, condition=BROKEN),
        WorkflowStep(save, "project", "save", made, ("files",), condition=BROKEN),
        *_checked(number, save, BROKEN),
    )


@dataclass(frozen=True, slots=True)
class BuiltPage:
    """What came of a request."""

    result: WorkflowResult
    page: Path
    """To open in a browser."""

    @property
    def passed(self) -> bool:
        """Whether the tests pass and the review has found nothing."""
        context = self.result.context
        checked = bool(context.get("tests_passed")) and not context.get("findings")
        return self.result.succeeded and checked

    @property
    def summary(self) -> str:
        """Return one sentence for the user."""
        context = self.result.context
        if self.passed:
            return "The page is ready: its tests pass, and the review has found nothing."
        if self.result.succeeded:
            failed = [] if context.get("tests_passed") else ["its tests do not pass"]
            findings = len(context.get("findings", ()))
            found = [f"the review has {findings} findings"] if findings else []
            return f"The page is there, but {' and '.join([*failed, *found])}."
        if self.result.state is RunState.FAILED:
            return f"The page could not be built. {reason_of(self.result)}"
        return "I have stopped; what was done so far is kept."


def folder_name(request: str) -> str:
    """Return a name for the folder of a page."""
    words = re.findall(r"[a-z0-9]+", request.lower())
    return "-".join(words)[:40] or "page"


def forget_run(root: Path) -> None:
    """Forget a build that was stopped or cut off in a folder; what it made stays."""
    with closing(ContextStore(root / RUN / CHECKPOINTS)) as store:
        store.forget(page_workflow().name)


def reason_of(result: WorkflowResult) -> str:
    """Return why a run failed, without the name of its step."""
    step, found, reason = result.error.partition(": ")
    return reason if found and " " not in step else result.error


class PageBuilder:
    """Builds in one folder; a build that was cut off goes on where it was.

    Raises DeviceUnavailable where programs cannot be confined, ConfigInvalid without git.
    """

    def __init__(self, model: LanguageModel, root: Path, retry: RetryConfig | None = None) -> None:
        check_sandbox()
        self.root, self.site = root, root / SITE
        self.history = ProjectHistory(self.site, root / HISTORY)
        self._orchestrator = AgentOrchestrator(model, retry, max_workers=2)
        for name, agent in (
            ("planning", PlanningAgent(model)),
            ("frontend", FrontendAgent(model)),
            ("backend", BackendAgent(model)),
            ("testing", TestingAgent(model, self.site)),
            ("review", ReviewAgent(self.site)),
            ("project", ProjectAgent(self.site, self.history)),
        ):
            self._orchestrator.register_agent(name, agent)

    def build(
        self,
        request: str,
        approve: Callable[[list[str], int], bool | None],
        milestone: Callable[[str], None],
        job: Job[Any] | None = None,
        progress: Callable[[float, str], None] | None = None,
    ) -> BuiltPage:
        """Build a page. `approve` receives the plan and the minutes it may take; None pauses the
        build. `milestone` receives three sentences at most, `progress` after each step the fraction
        of the work in [0, 1], and the name of the step."""
        orchestrator = self._orchestrator
        orchestrator.approve = lambda _step, context: approve(context["plan"], context["minutes"])
        orchestrator.report = _Milestones(milestone, progress).note
        result = orchestrator.execute_workflow(
            page_workflow(), {"request": request}, self.root / RUN, job
        )
        built = BuiltPage(result, self.site / PAGE)
        if result.state is not RunState.WAITING:
            milestone(built.summary)
        return built


class _Milestones:
    """Two sentences on the way; the last one is the summary."""

    _SENTENCES = {  # noqa: RUF012 - a table
        "begin": BEGUN,
        "save_tests": FIRST_VERSION,
    }

    def __init__(
        self, say: Callable[[str], None], progress: Callable[[float, str], None] | None
    ) -> None:
        self._say, self._progress = say, progress

    def note(self, step: WorkflowStep, state: StepState) -> None:
        if state is not StepState.DONE:
            return
        if self._progress is not None:
            known = step.name in FIRST_PASS
            done = FIRST_PASS.index(step.name) + 1 if known else len(FIRST_PASS)
            self._progress(done / len(FIRST_PASS), step.name)
        if step.name in self._SENTENCES:
            self._say(self._SENTENCES[step.name])
