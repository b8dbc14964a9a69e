"""A workflow: named steps, what each needs of the context, and what it adds to it."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from enum import StrEnum
from typing import Any

from avatar_app.core.errors import ConfigInvalid


@dataclass(frozen=True, slots=True)
class WorkflowStep:
    """One action of one agent."""

    name: str
    agent: str
    action: str
    input_keys: tuple[str, ...] = ()
    """Of the context, passed under the same names."""
    output_keys: tuple[str, ...] = ()
    """Of the action's result, which go into the context; others are dropped."""
    input_map: Mapping[str, str] = field(default_factory=dict)
    """Names of the action's inputs, and the keys of the context that they come from."""
    condition: str = ""
    """See `expressions`; where it does not hold the step is skipped. Empty always holds."""
    after: tuple[str, ...] = ()
    """Steps that must have ended before; those that make its inputs, and are listed before it,
    count by themselves."""
    approval: str = ""
    """What a person must agree to before; empty asks nobody."""

    @property
    def needs(self) -> frozenset[str]:
        """Return the keys of the context that it reads."""
        return frozenset((*self.input_keys, *self.input_map.values()))


@dataclass(frozen=True, slots=True)
class Workflow:
    """Raises ConfigInvalid where steps wait for themselves, or for steps that there are not."""

    name: str
    steps: tuple[WorkflowStep, ...]

    def __post_init__(self) -> None:
        names = [step.name for step in self.steps]
        if len(set(names)) < len(names):
            raise ConfigInvalid(f"Two steps of the workflow {self.name} have the same name.")
        for at, step in enumerate(self.steps):
            for before in step.after:
                if before not in names[:at]:
                    raise ConfigInvalid(
                        f"The step {step.name} of {self.name} waits for {before}, which is not"
                        " among the steps before it.",
                        "List steps in an order in which they can be done.",
                    )

    def before(self, step: WorkflowStep) -> frozenset[str]:
        """Return the names of the steps that must have ended before a step: those it names, those
        whose outputs it reads, and those that write what it writes."""
        earlier = self.steps[: self.steps.index(step)]
        keys = step.needs | frozenset(step.output_keys)
        made = {each.name for each in earlier if keys & frozenset(each.output_keys)}
        return frozenset(step.after) | made


class RunState(StrEnum):
    """How far a run has come."""

    DONE = "done"
    FAILED = "failed"
    WAITING = "waiting for approval"
    CANCELLED = "cancelled"


@dataclass(frozen=True, slots=True)
class WorkflowResult:
    """What a run came to."""

    state: RunState
    context: Mapping[str, Any]
    """The initial context and all outputs."""
    done: tuple[str, ...] = ()
    """Names of the steps that were done, in this run or before."""
    skipped: tuple[str, ...] = ()
    error: str = ""
    """Why it failed, or what waits for approval; one sentence."""

    @property
    def succeeded(self) -> bool:
        return self.state is RunState.DONE
