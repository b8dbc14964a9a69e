"""Runs workflows: steps side by side where they do not need one another, with checkpoints."""

from __future__ import annotations

import threading
from collections.abc import Callable, Sequence
from concurrent.futures import FIRST_COMPLETED, Future, ThreadPoolExecutor, wait
from contextlib import closing
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, TypeVar

from avatar_app.agents.base import BaseAgent, LanguageModel, Values
from avatar_app.agents.workflows.context_store import CHECKPOINTS, ContextStore, StepState
from avatar_app.agents.workflows.expressions import holds
from avatar_app.agents.workflows.retry import RetryConfig
from avatar_app.agents.workflows.workflow import RunState, Workflow, WorkflowResult, WorkflowStep
from avatar_app.core.errors import AvatarError, ConfigInvalid
from avatar_app.core.jobs import Job, JobCancelled

T = TypeVar("T")
Approve = Callable[[WorkflowStep, Values], bool | None]
"""Asks a person about a step: yes, no, or None for “later”, which pauses the run."""
Report = Callable[[WorkflowStep, StepState], None]


@dataclass(slots=True)
class _Run:
    """A run in progress."""

    workflow: Workflow
    context: dict[str, Any]
    done: dict[str, StepState] = field(default_factory=dict)
    error: str = ""
    state: RunState | None = None

    def ready(self, running: set[str]) -> list[WorkflowStep]:
        """Return the steps that can begin now."""
        return [
            step
            for step in self.workflow.steps
            if step.name not in self.done
            and step.name not in running
            and self.workflow.before(step) <= self.done.keys()
        ]

    def result(self) -> WorkflowResult:
        names = [step.name for step in self.workflow.steps]
        by_state = {
            state: tuple(name for name in names if self.done.get(name) is state)
            for state in StepState
        }
        state = self.state or RunState.DONE
        done, skipped = by_state[StepState.DONE], by_state[StepState.SKIPPED]
        return WorkflowResult(state, self.context, done, skipped, self.error)


class AgentOrchestrator:
    """Owns no thread between two runs. One run at a time has a checkpoint folder."""

    def __init__(
        self,
        llm_client: LanguageModel | None = None,
        retry_config: RetryConfig | None = None,
        context_store: ContextStore | None = None,
        max_workers: int = 2,
    ) -> None:
        """`context_store`: takes the checkpoints of runs that name no folder; None keeps none."""
        self.llm_client, self._retry = llm_client, retry_config or RetryConfig()
        self._store, self._workers = context_store, max_workers
        self._agents: dict[str, list[tuple[int, BaseAgent]]] = {}
        self.approve: Approve = lambda _step, _context: None
        self.report: Report = lambda _step, _state: None

    def register_agent(self, name: str, agent: BaseAgent, priority: int = 0) -> None:
        """Let an agent act under a name; of several the one of the highest priority does."""
        agents = self._agents.setdefault(name, [])
        agents.append((priority, agent))
        agents.sort(key=lambda each: -each[0])

    def execute_workflow(
        self,
        workflow: Workflow,
        initial_context: Values,
        checkpoint_dir: Path | None = None,
        job: Job[Any] | None = None,
    ) -> WorkflowResult:
        """Run a workflow to its end, or go on with the run that was cut off in this folder.

        A failed run keeps what was done; the next one tries the failed step again.
        """
        job = job or Job(workflow.name, lambda _job: None)
        if checkpoint_dir is None:
            return self._execute(workflow, initial_context, self._store, job)
        with closing(ContextStore(checkpoint_dir / CHECKPOINTS)) as store:
            return self._execute(workflow, initial_context, store, job)

    def execute_parallel(
        self, tasks: Sequence[Callable[[], T]], max_workers: int | None = None
    ) -> list[T]:
        """Return the results of independent tasks, in their order. The first error is raised after
        all have ended."""
        with ThreadPoolExecutor(max_workers or self._workers, "agents") as pool:
            futures = [pool.submit(task) for task in tasks]
        return [future.result() for future in futures]

    def _execute(
        self, workflow: Workflow, context: Values, store: ContextStore | None, job: Job[Any]
    ) -> WorkflowResult:
        self._check_agents(workflow)
        run = _Run(workflow, dict(context))
        if store is not None:
            run.context = store.begin(workflow.name, context)
            for step, (state, outputs) in store.steps(workflow.name).items():
                run.done[step] = state
                run.context |= outputs
        with ThreadPoolExecutor(self._workers, "agents") as pool:
            try:
                self._drive(run, store, pool, job)
            except BaseException:  # such as Ctrl+C, while the pool waits for its threads
                job.cancel()
                raise
        if store is not None and run.state is None:
            store.forget(workflow.name)
        return run.result()

    def _drive(
        self, run: _Run, store: ContextStore | None, pool: ThreadPoolExecutor, job: Job[Any]
    ) -> None:
        working: dict[Future[Values], WorkflowStep] = {}
        while True:
            if run.state is None:
                self._begin(run, store, pool, working, job)
            if not working:
                return
            ended, _ = wait(working, return_when=FIRST_COMPLETED)
            for future in ended:
                self._take(run, store, working.pop(future), future)

    def _begin(
        self,
        run: _Run,
        store: ContextStore | None,
        pool: ThreadPoolExecutor,
        working: dict[Future[Values], WorkflowStep],
        job: Job[Any],
    ) -> None:
        """Begin what can begin; what is skipped lets others begin."""
        skipped = True
        while skipped and run.state is None:
            skipped = False
            for step in run.ready({each.name for each in working.values()}):
                decision = self._decided(run, step, is_alone=not working)
                if decision is StepState.SKIPPED:
                    self._end(run, store, step, StepState.SKIPPED, {})
                    skipped = True
                elif decision is StepState.DONE:
                    working[pool.submit(self._step, step, dict(run.context), job)] = step

    def _decided(self, run: _Run, step: WorkflowStep, *, is_alone: bool) -> StepState | None:
        """Return whether a step is to be DONE or SKIPPED; None where it waits."""
        try:
            if step.condition and not holds(step.condition, run.context):
                return StepState.SKIPPED
        except AvatarError as error:
            run.state, run.error = RunState.FAILED, str(error)
            return None
        if not step.approval:
            return StepState.DONE
        if not is_alone:
            return None  # asked when nothing else is at work
        agreed = self.approve(step, run.context)
        if agreed:
            return StepState.DONE
        run.state = RunState.WAITING if agreed is None else RunState.CANCELLED
        run.error = step.approval
        return None

    def _step(self, step: WorkflowStep, context: Values, job: Job[Any]) -> Values:
        """Do a step, several times if it fails; returns its outputs."""
        missing = sorted(step.needs - context.keys())
        if missing:
            raise ConfigInvalid(
                f"The step {step.name} needs {', '.join(missing)}, which is missing."
            )
        inputs = {key: context[key] for key in step.input_keys}
        inputs |= {name: context[key] for name, key in step.input_map.items()}
        failures = 0
        while True:
            job.check()
            try:
                made = self._agents[step.agent][0][1].run(step.action, inputs, job)
                return _outputs(step, made)
            except AvatarError as error:
                failures += 1
                if not self._retry.tries_again(error, failures):
                    raise
                _pause(self._retry.delay(failures), job)

    def _take(
        self, run: _Run, store: ContextStore | None, step: WorkflowStep, future: Future[Values]
    ) -> None:
        try:
            outputs = future.result()
            self._end(run, store, step, StepState.DONE, outputs)
        except JobCancelled:
            run.state = RunState.CANCELLED
        except AvatarError as error:
            if run.state is None:
                run.state, run.error = RunState.FAILED, f"{step.name}: {error}"

    def _end(
        self,
        run: _Run,
        store: ContextStore | None,
        step: WorkflowStep,
        state: StepState,
        outputs: Values,
    ) -> None:
        if store is not None:
            store.note(run.workflow.name, step.name, state, outputs)
        run.context |= outputs
        run.done[step.name] = state
        self.report(step, state)

    def _check_agents(self, workflow: Workflow) -> None:
        for step in workflow.steps:
            if step.agent not in self._agents:
                raise ConfigInvalid(
                    f"The step {step.name} wants the agent {step.agent}, which is not registered.",
                    f"There are: {', '.join(sorted(self._agents)) or 'none'}.",
                )


def _outputs(step: WorkflowStep, made: Values) -> Values:
    lost = [key for key in step.output_keys if key not in made]
    if lost:
        raise ConfigInvalid(f"The step {step.name} made no {', '.join(lost)}.")
    return {key: made[key] for key in step.output_keys}


def _pause(seconds: float, job: Job[Any]) -> None:
    """Wait, unless the job is cancelled."""
    stopped = threading.Event()
    job.when_cancelled(stopped.set)
    stopped.wait(seconds)
    job.check()
