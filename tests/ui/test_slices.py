"""Long work a few milliseconds at a time: the event loop has its turn between the steps."""

from __future__ import annotations

from collections.abc import Iterator

import pytest
from PySide6.QtCore import QObject, QTimer

from avatar_app.ui.qt import slices
from avatar_app.ui.qt.slices import Slices


@pytest.fixture
def work(qapp, monkeypatch: pytest.MonkeyPatch) -> Iterator[Slices]:
    """Takes one step in each turn of the event loop, however fast the machine is."""
    monkeypatch.setattr(slices, "SLICE", 0.0)
    parent = QObject()
    yield Slices(parent)
    parent.deleteLater()


def steps(done: list[str], name: str, count: int) -> Iterator[None]:
    for number in range(count):
        done.append(f"{name}{number}")
        yield


def test_the_first_step_comes_at_once_and_others_between_other_calls(qtbot, work: Slices) -> None:
    done: list[str] = []
    QTimer.singleShot(0, lambda: done.append("other"))
    work.begin(steps(done, "a", 20))
    assert done == ["a0"]
    assert not work.is_done
    qtbot.waitUntil(lambda: work.is_done)
    assert done[0] == "a0"
    assert "other" in done[1:-1], "it did not wait for all steps"
    assert [each for each in done if each != "other"] == [f"a{n}" for n in range(20)]


def test_other_steps_take_the_place_of_those_under_way(qtbot, work: Slices) -> None:
    done: list[str] = []
    work.begin(steps(done, "a", 5))
    work.begin(steps(done, "b", 3))
    qtbot.waitUntil(lambda: work.is_done)
    assert done == ["a0", "b0", "b1", "b2"]


def test_a_step_may_begin_others(qtbot, work: Slices) -> None:
    done: list[str] = []

    def outer() -> Iterator[None]:
        yield
        work.begin(steps(done, "b", 2))
        yield
        done.append("never")

    work.begin(outer())
    qtbot.waitUntil(lambda: work.is_done)
    assert done == ["b0", "b1"]


def test_paused_it_takes_no_step_until_it_goes_on(qtbot, work: Slices) -> None:
    done: list[str] = []
    work.begin(steps(done, "a", 3))
    work.pause()
    work.begin(steps(done, "b", 3))
    passed: list[bool] = []
    for _ in range(5):
        QTimer.singleShot(0, lambda: passed.append(True))
    qtbot.waitUntil(lambda: len(passed) == 5)
    assert done == ["a0"]
    work.resume()
    qtbot.waitUntil(lambda: work.is_done)
    assert done == ["a0", "b0", "b1", "b2"]


def test_all_that_is_left_can_be_had_at_once(work: Slices) -> None:
    done: list[str] = []
    work.begin(steps(done, "a", 100))
    work.finish()
    assert len(done) == 100
    assert work.is_done


def test_a_step_that_fails_is_the_last(work: Slices) -> None:
    def failing() -> Iterator[None]:
        raise ValueError("broken")
        yield

    with pytest.raises(ValueError, match="broken"):
        work.begin(failing())
    assert work.is_done
