"""What the avatar can do: its controls stay within bounds, its memory opens wherever it can."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest

from avatar_app.core.events import Control, ControlRequested, Event
from avatar_app.core.values import ToolCall
from avatar_app.session.assistant_tools import AssistantTools, VoiceControls
from avatar_app.system.paths import app_paths


class Hands:
    def __init__(self) -> None:
        self.moved: list[tuple[str, object]] = []

    def configure_voice(self, **options: object) -> None:
        self.moved += options.items()

    def set_volume(self, volume: float) -> None:
        self.moved.append(("volume", volume))

    def mute(self, *, muted: bool) -> None:
        self.moved.append(("mute", muted))


@pytest.fixture
def hands() -> Hands:
    return Hands()


@pytest.fixture
def abilities(hands: Hands) -> Iterator[AssistantTools]:
    abilities = AssistantTools(app_paths(), hands, lambda _event: None, lambda _text: None)
    yield abilities
    abilities.close()


def test_speed_and_volume_stay_within_bounds(hands: Hands) -> None:
    controls = VoiceControls(hands, lambda _event: None)
    controls.set_speed(9)
    controls.change_speed(0.5)
    controls.change_speed(0.01)
    controls.set_volume(-1)
    controls.change_volume(0.25)
    controls.change_volume(9)
    assert hands.moved == [
        ("speed", 2.0),
        ("speed", 1.0),
        ("speed", 0.5),
        ("volume", 0.0),
        ("volume", 0.25),
        ("volume", 1.5),
    ]


def test_controls_reach_the_hands_and_the_window(hands: Hands) -> None:
    posted: list[Event] = []
    controls = VoiceControls(hands, posted.append)
    controls.mute()
    controls.show(Control.FULL_SCREEN)
    assert hands.moved == [("mute", True)]
    assert posted == [ControlRequested(Control.FULL_SCREEN)]


def test_tools_are_described_and_unknown_ones_reported(abilities: AssistantTools) -> None:
    names = [tool.name for tool in abilities.descriptions]
    assert len(names) == len(set(names)) > 10
    assert all(tool.description for tool in abilities.descriptions)
    assert abilities.notices == ()
    assert abilities.call(ToolCall("no_such_tool")).error


def test_close_works_before_and_after_start(hands: Hands) -> None:
    for start in (False, True):
        abilities = AssistantTools(app_paths(), hands, lambda _event: None, lambda _text: None)
        if start:
            abilities.start()
        abilities.close()


def test_where_nothing_can_be_stored_it_works_and_says_so(
    hands: Hands, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    (tmp_path / "file").touch()
    monkeypatch.setenv("AVATAR_DATA_DIR", str(tmp_path / "file" / "below"))
    abilities = AssistantTools(app_paths(), hands, lambda _event: None, lambda _text: None)
    assert len(abilities.notices) == 2
    assert all("cannot be used" in notice for notice in abilities.notices)
    note = next(tool for tool in abilities.descriptions if "note" in tool.name)
    assert note.name
    assert list(tmp_path.iterdir()) == [tmp_path / "file"]
    abilities.close()
