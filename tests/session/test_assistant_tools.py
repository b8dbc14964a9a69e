"""What the avatar can do: its controls stay within bounds, its memory opens wherever it can."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest

from avatar_app.core.events import Control, ControlRequested, Event
from avatar_app.core.values import ToolCall
from avatar_app.session.assistant_tools import AssistantTools, VoiceControls
from avatar_app.system.paths import app_paths


class RecordedControls:
    def __init__(self) -> None:
        self.moved: list[tuple[str, object]] = []

    def configure_voice(self, **options: object) -> None:
        self.moved += options.items()

    def set_volume(self, volume: float) -> None:
        self.moved.append(("volume", volume))

    def mute(self, *, muted: bool) -> None:
        self.moved.append(("mute", muted))


@pytest.fixture
def app() -> RecordedControls:
    return RecordedControls()


@pytest.fixture
def tools(app: RecordedControls) -> Iterator[AssistantTools]:
    tools = AssistantTools(app_paths(), app, lambda _event: None, lambda _text: None)
    yield tools
    tools.close()


def test_speed_and_volume_stay_within_bounds(app: RecordedControls) -> None:
    controls = VoiceControls(app, lambda _event: None)
    controls.set_speed(9)
    controls.change_speed(0.5)
    controls.change_speed(0.01)
    controls.set_volume(-1)
    controls.change_volume(0.25)
    controls.change_volume(9)
    assert app.moved == [
        ("speed", 2.0),
        ("speed", 1.0),
        ("speed", 0.5),
        ("volume", 0.0),
        ("volume", 0.25),
        ("volume", 1.5),
    ]


def test_controls_call_the_application_and_post_requests(app: RecordedControls) -> None:
    posted: list[Event] = []
    controls = VoiceControls(app, posted.append)
    controls.mute()
    controls.show(Control.FULL_SCREEN)
    assert app.moved == [("mute", True)]
    assert posted == [ControlRequested(Control.FULL_SCREEN)]


def test_tools_are_described_and_unknown_ones_reported(tools: AssistantTools) -> None:
    names = [tool.name for tool in tools.descriptions]
    assert len(names) == len(set(names)) > 10
    assert all(tool.description for tool in tools.descriptions)
    assert tools.notices == ()
    assert tools.call(ToolCall("no_such_tool")).error


def test_close_works_before_and_after_start(app: RecordedControls) -> None:
    for start in (False, True):
        tools = AssistantTools(app_paths(), app, lambda _event: None, lambda _text: None)
        if start:
            tools.start()
        tools.close()


def test_unusable_storage_is_reported_and_tools_work(
    app: RecordedControls, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    (tmp_path / "file").touch()
    monkeypatch.setenv("AVATAR_DATA_DIR", str(tmp_path / "file" / "below"))
    tools = AssistantTools(app_paths(), app, lambda _event: None, lambda _text: None)
    assert len(tools.notices) == 2
    assert all("cannot be used" in notice for notice in tools.notices)
    note = next(tool for tool in tools.descriptions if "note" in tool.name)
    assert note.name
    assert list(tmp_path.iterdir()) == [tmp_path / "file"]
    tools.close()
