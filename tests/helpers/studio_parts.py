"""Parts of a studio for tests: recipes, engines of a user, ledgers that are told what they say."""

from __future__ import annotations

from dataclasses import dataclass, field
from pathlib import Path
from textwrap import dedent
from typing import Any

from avatar_folders import ASTRONAUT

from avatar_app.core.jobs import Job
from avatar_app.studio.recipe import ClipRecipe, parse_recipe
from avatar_app.system.paths import app_paths


def recipe(script: str = "Hello there, this is a clip.", **parts: Any) -> ClipRecipe:
    """A small recipe without a deadline."""
    document: dict[str, Any] = {
        "name": "test",
        "audio": {"script": script} | parts.pop("audio", {}),
        "visual": parts.pop("visual", {"avatar": "mira"}),
        "output": {"width": 128, "height": 128, "fps": 12} | parts.pop("output", {}),
        "deadline": None,
    }
    return parse_recipe(document | parts)


def job() -> Job[Any]:
    return Job("test", lambda _job: None)


@dataclass
class Ledger:
    """What steps take, by step and the beginning of the variant's name."""

    rates: dict[str, float] = field(default_factory=dict)
    added: list[tuple[str, str]] = field(default_factory=list)

    def seconds_per_unit(self, step: str, variant: str) -> float | None:
        return self.rates.get(f"{step} {variant.split(' ')[0]}", self.rates.get(step))

    def add(self, step: str, variant: str, units: float, seconds: float) -> None:
        self.added.append((step, variant))


def add_engine(kind: str, name: str, code: str, isolation: str = "thread") -> None:
    """Write an engine into the user's folder."""
    folder = app_paths().engines / kind / name
    folder.mkdir(parents=True)
    (folder / "engine.py").write_text(dedent(code))
    (folder / "manifest.yaml").write_text(
        f"name: {name}\nkind: {kind}\nentry: engine:Own\ntitle: {name}\n"
        f"summary: Of a test.\nlicense: MIT\nisolation: {isolation}\n"
        + ("options: {}\n" if kind != "face" else "")
    )


def add_painter(picture: Path = ASTRONAUT) -> None:
    """An engine for pictures that shows one photo, a little darker for each seed, in four steps."""
    add_engine(
        "image",
        "painter",
        f"""
        import cv2
        import numpy as np


        class Own:
            def configure(self):
                pass

            def draw(self, request, job):
                photo = cv2.cvtColor(cv2.imread({str(picture)!r}), cv2.COLOR_BGR2RGB)
                photo = cv2.resize(photo, (request.width, request.height))
                for step in range(request.steps):
                    job.report((step + 1) / request.steps, "Painting", photo[::8, ::8])
                return (photo * (1 - 0.01 * request.seed)).astype(np.uint8)

            def close(self):
                pass
        """,
    )
