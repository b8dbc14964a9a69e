"""Without PyTorch the names of embedding injection say what is missing; with it see
`tests/injection`."""

from __future__ import annotations

import subprocess
import sys
import tomllib
from pathlib import Path

import pytest

from avatar_app import multimodal
from avatar_app.core.errors import ModelMissing

ROOT = Path(__file__).parents[2]


def test_door_loads_nothing_by_itself() -> None:
    program = (
        "import sys, avatar_app.multimodal as door; assert dir(door) == door.__all__; "
        "print({'torch', 'transformers', 'numpy'} & set(sys.modules))"
    )
    run = subprocess.run([sys.executable, "-c", program], capture_output=True, text=True)
    assert run.stdout.strip() == "set()", run.stderr


def test_missing_libraries_are_said_with_the_command(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("avatar_app.multimodal.libraries.NEEDED", ("torch_that_is_not_there",))
    with pytest.raises(ModelMissing, match="torch_that_is_not_there, which is not") as caught:
        _ = multimodal.NeuralArchitect
    assert caught.value.hint == "Type: avatar-app extras add multimodal"
    project = tomllib.loads((ROOT / "pyproject.toml").read_text())["project"]
    declared = project["optional-dependencies"]["multimodal"]
    assert {"torch", "transformers"} <= {line.partition(">")[0] for line in declared}
    with pytest.raises(AttributeError, match="Nothing"):
        _ = multimodal.Nothing
