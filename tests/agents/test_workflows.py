"""Workflows: order, conditions, retries, approval, cancelling; killed at every step and resumed."""

from __future__ import annotations

import subprocess
import sys
import threading
from contextlib import closing
from pathlib import Path
from typing import Any

import pytest

from avatar_app.agents.base import BaseAgent, Values
from avatar_app.agents.orchestrator import AgentOrchestrator
from avatar_app.agents.workflows.context_store import ContextStore
from avatar_app.agents.workflows.expressions import holds
from avatar_app.agents.workflows.retry import Backoff, RetryConfig
from avatar_app.agents.workflows.workflow import RunState, Workflow, WorkflowStep
from avatar_app.core.errors import ConfigInvalid, EngineFailed, InputInvalid
from avatar_app.core.jobs import Job

QUICK = RetryConfig(base_delay=0.0)


class Counter(BaseAgent):
    """Adds one; notes what it did."""

    actions = ("count", "fail", "block", "odd")

    def __init__(self, failures: int = 0) -> None:
        self.done: list[int] = []
        self.failures = failures
        self.gate = threading.Barrier(2, timeout=20)

    def count(self, inputs: Values, _job: Job[Any]) -> Values:
        self.done.append(inputs["n"])
        return {"n": inputs["n"] + 1, "secret": "dropped"}

    def fail(self, inputs: Values, _job: Job[Any]) -> Values:
        self.failures -= 1
        if self.failures >= 0:
            raise EngineFailed("The model is tired.")
        return {"n": inputs["n"] + 1}

    def block(self, _inputs: Values, _job: Job[Any]) -> Values:
        self.gate.wait()
        return {}

    def odd(self, _inputs: Values, _job: Job[Any]) -> Values:
        return {"n": object()}


def step(name: str, action: str = "count", **more: Any) -> WorkflowStep:
    return WorkflowStep(name, "counter", action, ("n",), ("n",), **more)


def made(agent: BaseAgent, **more: Any) -> AgentOrchestrator:
    orchestrator = AgentOrchestrator(retry_config=QUICK, **more)
    orchestrator.register_agent("counter", agent)
    return orchestrator


def test_steps_that_need_one_another_run_in_order() -> None:
    agent = Counter()
    result = made(agent).execute_workflow(
        Workflow("three", (step("a"), step("b"), step("c"))), {"n": 1}
    )
    assert result.succeeded
    assert agent.done == [1, 2, 3]
    assert result.context == {"n": 4}
    assert result.done == ("a", "b", "c")


def test_independent_steps_run_side_by_side() -> None:
    agent = Counter()
    steps = tuple(WorkflowStep(name, "counter", "block") for name in ("a", "b"))
    assert (
        made(agent).execute_workflow(Workflow("two", steps), {}).succeeded
    )  # else the gate breaks


def test_a_step_whose_condition_does_not_hold_is_skipped() -> None:
    agent = Counter()
    steps = (
        step("a"),
        step("b", condition="n > 5"),
        step("c", condition="n == 2 and not n in [3]"),
    )
    result = made(agent).execute_workflow(Workflow("some", steps), {"n": 1})
    assert (result.done, result.skipped, result.context["n"]) == (("a", "c"), ("b",), 3)


def test_inputs_are_renamed() -> None:
    agent = Counter()
    renamed = WorkflowStep("a", "counter", "count", input_map={"n": "start"}, output_keys=("n",))
    result = made(agent).execute_workflow(Workflow("renamed", (renamed,)), {"start": 7})
    assert result.context == {"start": 7, "n": 8}


def test_failures_are_retried_and_the_last_one_is_reported() -> None:
    assert (
        made(Counter(2)).execute_workflow(Workflow("w", (step("a", "fail"),)), {"n": 1}).succeeded
    )
    result = made(Counter(3)).execute_workflow(
        Workflow("w", (step("a", "fail"), step("b"))), {"n": 1}
    )
    assert (result.state, result.done) == (RunState.FAILED, ())
    assert result.error == "a: The model is tired."


def test_a_failed_run_goes_on_where_it_failed(tmp_path: Path) -> None:
    workflow = Workflow("w", (step("a"), step("b", "fail"), step("c")))
    assert not made(Counter(3)).execute_workflow(workflow, {"n": 1}, tmp_path).succeeded
    agent = Counter()
    result = made(agent).execute_workflow(workflow, {"n": 100}, tmp_path)
    assert result.succeeded
    assert agent.done == [3], "a was done before"
    assert result.context["n"] == 4
    again = made(agent).execute_workflow(workflow, {"n": 50}, tmp_path)
    assert again.context["n"] == 53, "a run that ended begins again"


@pytest.mark.parametrize(
    ("answer", "state"),
    [(True, RunState.DONE), (False, RunState.CANCELLED), (None, RunState.WAITING)],
)
def test_a_step_waits_for_approval(tmp_path: Path, answer: bool | None, state: RunState) -> None:  # noqa: FBT001
    agent = Counter()
    orchestrator = made(agent)
    orchestrator.approve = lambda asked, context: (
        answer if (asked.approval, context["n"]) == ("Go on?", 2) else None
    )
    workflow = Workflow("w", (step("a"), step("b", approval="Go on?")))
    result = orchestrator.execute_workflow(workflow, {"n": 1}, tmp_path)
    assert result.state is state
    if answer is None:
        assert result.error == "Go on?"
        orchestrator.approve = lambda _step, _context: True
        assert orchestrator.execute_workflow(workflow, {"n": 1}, tmp_path).succeeded
        assert agent.done == [1, 2]


def test_a_cancelled_job_ends_the_run() -> None:
    job: Job[Any] = Job("stop", lambda _job: None)
    orchestrator = made(Counter())
    orchestrator.report = lambda _step, _state: job.cancel()
    result = orchestrator.execute_workflow(Workflow("w", (step("a"), step("b"))), {"n": 1}, job=job)
    assert (result.state, result.done) == (RunState.CANCELLED, ("a",))


def test_of_several_agents_the_one_of_the_highest_priority_acts() -> None:
    low, high = Counter(), Counter()
    orchestrator = made(low)
    orchestrator.register_agent("counter", high, priority=1)
    orchestrator.execute_workflow(Workflow("w", (step("a"),)), {"n": 1})
    assert (low.done, high.done) == ([], [1])


def test_parallel_tasks_keep_their_order_and_report_an_error() -> None:
    orchestrator = AgentOrchestrator()
    assert orchestrator.execute_parallel([lambda: 1, lambda: 2, lambda: 3], 2) == [1, 2, 3]

    def fails() -> int:
        raise EngineFailed("No.")

    with pytest.raises(EngineFailed):
        orchestrator.execute_parallel([fails, lambda: 1])


def test_wrong_workflows_are_refused() -> None:
    with pytest.raises(ConfigInvalid, match="same name"):
        Workflow("w", (step("a"), step("a")))
    with pytest.raises(ConfigInvalid, match="waits for b"):
        Workflow("w", (step("a", after=("b",)), step("b")))
    with pytest.raises(ConfigInvalid, match="not registered"):
        AgentOrchestrator().execute_workflow(Workflow("w", (step("a"),)), {})
    lacking = made(Counter()).execute_workflow(Workflow("w", (step("a"),)), {})
    assert lacking.error == "a: The step a needs n, which is missing."
    unable = made(Counter()).execute_workflow(Workflow("w", (step("a", "sing"),)), {"n": 1})
    assert "can't sing" in unable.error


def test_what_cannot_be_kept_fails_the_run(tmp_path: Path) -> None:
    result = made(Counter()).execute_workflow(
        Workflow("w", (step("a", "odd"),)), {"n": 1}, tmp_path
    )
    assert "can't be kept" in result.error
    with closing(ContextStore(tmp_path / "c.db")) as store, pytest.raises(InputInvalid):
        store.begin("w", {"x": "y" * 9_000_000})


@pytest.mark.parametrize(
    ("condition", "value"),
    [
        ("1 < 2 < 3", True),
        ("not done or n >= 2", True),
        ("tests['passed'] and len(files) == 2", True),
        ("name in ['a', 'b'] and name != 'b'", True),
        ("files[-1] == 'y'", True),
        ("nothing is None", True),
        ("0", False),
    ],
)
def test_conditions_are_evaluated(condition: str, value: bool) -> None:  # noqa: FBT001
    context = {"done": True, "n": 2, "tests": {"passed": True}, "files": ["x", "y"], "name": "a"}
    assert holds(condition, context | {"nothing": None}) is value


@pytest.mark.parametrize(
    "condition",
    [
        "__import__('os').system('true')",
        "().__class__",
        "n.real",
        "[x for x in n]",
        "lambda: 1",
        "f'{n}'",
        "n ** 9 ** 9",
        "'a' * 10",
        "open('/etc/passwd')",
        "missing",
        "n[0]",
        "len(n)",
        "1 +",
        "(" * 400 + ")" * 400,
        "n and " * 200 + "n",
    ],
)
def test_conditions_that_do_more_are_refused(condition: str) -> None:
    with pytest.raises(ConfigInvalid):
        holds(condition, {"n": 2})


def test_pauses_grow_as_the_strategy_says() -> None:
    grown = {
        strategy: [RetryConfig(9, strategy, 1.0, 5.0).delay(n) for n in (1, 2, 3, 4)]
        for strategy in Backoff
    }
    assert grown[Backoff.EXPONENTIAL] == [1, 2, 4, 5]
    assert grown[Backoff.LINEAR] == [1, 2, 3, 4]
    assert grown[Backoff.FIXED] == [1, 1, 1, 1]
    assert not RetryConfig().tries_again(InputInvalid("x"), 1)


KILLED = """
import os, sys
from pathlib import Path
from avatar_app.agents.base import BaseAgent
from avatar_app.agents.orchestrator import AgentOrchestrator
from avatar_app.agents.workflows.workflow import Workflow, WorkflowStep

class Agent(BaseAgent):
    actions = ("work",)
    def work(self, inputs, job):
        with open(sys.argv[1] + "/done", "a") as file:
            file.write(f"{inputs['n']}\\n")
        if inputs["n"] == int(sys.argv[2]):
            os.kill(os.getpid(), 9)
        return {"n": inputs["n"] + 1}

orchestrator = AgentOrchestrator()
orchestrator.register_agent("agent", Agent())
names = ("a", "b", "c", "d")
steps = tuple(WorkflowStep(name, "agent", "work", ("n",), ("n",)) for name in names)
result = orchestrator.execute_workflow(Workflow("w", steps), {"n": 0}, Path(sys.argv[1]))
print(result.context["n"], ",".join(result.done))
"""


@pytest.mark.parametrize("victim", [0, 1, 2, 3])
def test_a_run_that_was_killed_at_any_step_goes_on_there(tmp_path: Path, victim: int) -> None:
    def run(killed_at: int) -> subprocess.CompletedProcess[str]:
        command = [sys.executable, "-c", KILLED, str(tmp_path), str(killed_at)]
        return subprocess.run(command, capture_output=True, text=True, check=False, timeout=100)

    assert run(victim).returncode == -9
    assert run(-1).stdout == "4 a,b,c,d\n"
    done = [int(line) for line in (tmp_path / "done").read_text().split()]
    assert done == [*range(victim + 1), *range(victim, 4)], "only the killed step is done twice"
