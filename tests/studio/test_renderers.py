"""Renderers draw clips from JSON: checked before they run, held to their schema and promises."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import yaml
from studio_parts import Ledger, recipe

from avatar_app.core.manifest import Kind
from avatar_app.runtime.registry import Registry
from avatar_app.settings.loading import load_settings
from avatar_app.studio.buffers import ClipBuffers
from avatar_app.studio.pipeline import Pipeline
from avatar_app.system.paths import app_paths

BUFFERS = ClipBuffers(frames=200, side=128)
MANIFEST: dict[str, Any] = {
    "name": "stripes",
    "kind": "renderer",
    "entry": "engine:Stripes",
    "title": "Stripes",
    "summary": "Stripes that move.",
    "license": "MIT",
    "isolation": "process",
    "needs": {"ram_mb": 60},
    "promises": {"first_output_ms": 60_000, "realtime_factor": 1000.0},
    "input": {
        "type": "object",
        "required": ["frames", "width", "height", "fps", "step"],
        "properties": {
            "frames": {"type": "integer"},
            "width": {"type": "integer"},
            "height": {"type": "integer"},
            "fps": {"type": "number"},
            "step": {"type": "integer", "minimum": 1, "maximum": 9},
        },
    },
    "output": {"type": "object", "properties": {"width": {"maximum": 200}}},
}
CODE = """
import numpy as np
from avatar_app.core.values import VideoFrame


class Stripes:
    def configure(self):
        pass

    def render(self, inputs, job):
        for index in range(inputs["frames"] - LEFT_OUT):
            picture = np.zeros((inputs["height"], inputs["width"], 3), np.uint8)
            picture[:, (index * inputs["step"]) % inputs["width"] :: 8] = 255
            yield VideoFrame(picture, index / inputs["fps"])
            job.report(index / inputs["frames"])

    def close(self):
        pass
"""


@pytest.fixture
def studio() -> Iterator[Pipeline]:
    with Pipeline(load_settings()[0], app_paths(), buffers=BUFFERS, ledger=Ledger()) as opened:
        yield opened


def write(left_out: int = 0, **changes: Any) -> Path:
    folder = app_paths().engines / "renderer" / "stripes"
    folder.mkdir(parents=True)
    (folder / "manifest.yaml").write_text(yaml.safe_dump(MANIFEST | changes))
    (folder / "engine.py").write_text(CODE.replace("LEFT_OUT", str(left_out)))
    return folder


def drawn(name: str = "stripes", **inputs: Any) -> Any:
    return recipe("Hello.", visual={"renderer": name, "inputs": inputs})


def test_the_audiogram_follows_the_voice(studio: Pipeline) -> None:
    result = studio.make(drawn("auto", color="#ff0000", background="#000000"))
    assert set(result.steps) == {"sound", "frames", "check"}
    red = (result.video_frames[..., 0] > 200).mean(axis=(1, 2))
    assert red.max() > 2 * red[0]
    assert result.video_frames[..., 1].max() == 0
    assert set(studio.make(drawn("auto", color="#ff0000", background="#000000")).steps) == {"check"}


def test_a_users_renderer_draws_from_its_inputs() -> None:
    write()
    with Pipeline(load_settings()[0], app_paths(), buffers=BUFFERS, ledger=Ledger()) as studio:
        result = studio.make(drawn(step=3))
    columns = [int(np.flatnonzero(frame[0, :, 0])[0]) for frame in result.video_frames[:3]]
    assert columns == [0, 3, 6]
    assert result.notices == ()


@pytest.mark.parametrize(
    ("inputs", "says"),
    [({}, "'step' is a required"), ({"step": 10}, "step: 10"), ({"step": "x"}, "step")],
)
def test_wrong_inputs_are_refused_before_it_runs(inputs: dict[str, Any], says: str) -> None:
    write()
    with Pipeline(load_settings()[0], app_paths(), buffers=BUFFERS, ledger=Ledger()) as studio:
        result = studio.generate_slot(drawn(**inputs))
    assert not result.success
    assert says in result.error_msg


def test_a_renderer_that_stops_too_early_is_refused() -> None:
    write(left_out=2)
    with Pipeline(load_settings()[0], app_paths(), buffers=BUFFERS, ledger=Ledger()) as studio:
        result = studio.generate_slot(drawn(step=1))
    assert "frames" in result.error_msg
    assert "Stripes drew" in result.error_msg


def test_what_it_draws_is_held_to_its_schema() -> None:
    write(output={"type": "object", "properties": {"width": {"maximum": 64}}})
    with Pipeline(load_settings()[0], app_paths(), buffers=BUFFERS, ledger=Ledger()) as studio:
        result = studio.generate_slot(drawn(step=1))
    assert "output of Stripes is wrong at width" in result.error_msg


def test_broken_promises_are_said() -> None:
    write(promises={"first_output_ms": 0.001, "realtime_factor": 0.000001})
    with Pipeline(load_settings()[0], app_paths(), buffers=BUFFERS, ledger=Ledger()) as studio:
        result = studio.make(drawn(step=1))
    assert len(result.notices) == 2
    assert all("Stripes promised" in notice for notice in result.notices)


@pytest.mark.parametrize(
    "lacking",
    [{"isolation": "thread"}, {"promises": {}}, {"needs": {}}, {"input": {}}, {"output": {}}],
)
def test_a_manifest_that_promises_nothing_is_left_out(lacking: dict[str, Any]) -> None:
    write(**lacking)
    registry = Registry()
    assert [each.name for each in registry.all(Kind.RENDERER)] == ["audiogram"]
    assert "stripes" in registry.notices[0].message
