"""The planning agent: what is to be built, in which parts, and how long it takes."""

from __future__ import annotations

import re
from typing import Any

from avatar_app.agents.base import BaseAgent, LanguageModel, Values
from avatar_app.core.errors import EngineFailed
from avatar_app.core.jobs import Job

MOST_PARTS = 8
MINUTES_A_PART = 2
"""A rough figure for a local model, until one is measured."""
LONGEST_PART = 160
"""Characters."""
_PART = re.compile(r"^\s*(?:\d+[.)]|[-*•])\s+(.+?)\s*$", re.MULTILINE)
_INSTRUCTIONS = (
    "You plan small web pages that work without a server: one index.html with its style and script,"
    " and plain files beside it. Answer with a numbered list of three to five short steps, one in a"
    " line, and nothing else."
)


class PlanningAgent(BaseAgent):
    """Plans with a language model; the plan is a list of sentences."""

    actions = ("plan", "decompose", "estimate")

    def __init__(self, model: LanguageModel) -> None:
        self._model = model

    def plan(self, inputs: Values, job: Job[Any]) -> Values:
        """`request` → `plan`, a list of steps."""
        answer = self._model.complete(_INSTRUCTIONS, f"Plan this: {inputs['request']}", job)
        parts = [part[:LONGEST_PART] for part in _PART.findall(answer)][:MOST_PARTS]
        if len(parts) < 2:
            raise EngineFailed(
                "The language model made no plan: it may be too small for this work.",
                "Choose a larger one.",
            )
        return {"plan": parts}

    def decompose(self, inputs: Values, _job: Job[Any]) -> Values:
        """`plan` → `tasks`, what the frontend and the backend have to do."""
        plan = [str(part) for part in inputs["plan"]]
        behind = [part for part in plan if re.search(r"\b(data|json|csv|file|store)", part, re.I)]
        return {"tasks": {"frontend": plan, "backend": behind}}

    def estimate(self, inputs: Values, _job: Job[Any]) -> Values:
        """`plan` → `minutes`."""
        return {"minutes": MINUTES_A_PART * len(inputs["plan"])}
