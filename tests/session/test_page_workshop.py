"""Pages are planned, built beside the conversation, shown, stopped, undone, and gone on with."""

from __future__ import annotations

import subprocess
import sys
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import pytest
from scripted_model import BAD_PAGE, GOOD_PAGE, ScriptedModel, file

from avatar_app.agents import sandbox
from avatar_app.agents.base import LanguageModel
from avatar_app.core.builds import BuildChanged, BuildState, PageAct
from avatar_app.core.errors import AvatarError, ConfigInvalid
from avatar_app.core.events import Event, State, StateChanged
from avatar_app.core.jobs import Job
from avatar_app.core.turn import Turn
from avatar_app.session.pages import planning as module
from avatar_app.session.pages.acts import act_on
from avatar_app.session.pages.contained import POLICY, contained, contained_copy
from avatar_app.session.pages.floor import FloorGate
from avatar_app.session.pages.workshop import PageWorkshop
from avatar_app.tools.undo import UndoHistory

pytestmark = pytest.mark.skipif(
    bool(sandbox._unavailable()), reason=f"programs can't be confined: {sandbox._unavailable()}"
)
REQUEST = "Build me a small page that shows a word of the day"
PATIENT = 120.0
"""Seconds that a slow machine may take."""


class Desk:
    """A workshop, and all that comes of it."""

    def __init__(self, folder: Path, model: ScriptedModel | None = None) -> None:
        self.model = model or ScriptedModel()
        self.folder = folder
        self.said: list[str] = []
        self.opened: list[Path] = []
        self.events: list[BuildChanged] = []
        self.undo = UndoHistory()
        self.ended = threading.Event()
        self.workshop = PageWorkshop(
            folder,
            self.open_model,
            self.post,
            self.said.append,
            self.undo,
            self.opened.append,
            FloorGate(),
        )

    @contextmanager
    def open_model(self, _give_way: Callable[[Turn], None]) -> Iterator[LanguageModel]:
        yield self.model

    def post(self, event: Event) -> None:
        assert isinstance(event, BuildChanged), event
        self.events.append(event)
        if event.state is not BuildState.BUILDING:
            self.ended.set()

    def wait_end(self) -> BuildChanged:
        assert self.ended.wait(PATIENT)
        self.ended.clear()
        thread = self.workshop._thread
        if thread is not None:
            thread.join(PATIENT)
        return self.events[-1]

    @property
    def site(self) -> Path:
        (project,) = self.folder.iterdir()
        return project / "site"


@pytest.fixture
def desk(tmp_path: Path) -> Iterator[Desk]:
    desk = Desk(tmp_path)
    yield desk
    desk.workshop.close()


def test_a_page_is_planned_then_built_and_opened(desk: Desk) -> None:
    plan = desk.workshop.plan(REQUEST, Turn(1))
    assert plan.steps[0] == "Write index.html with a heading."
    assert [kind for kind, _ in desk.model.asked] == ["plan"], "nothing is built before the yes"
    assert desk.workshop.build() == REQUEST
    assert desk.wait_end().state is BuildState.READY
    assert desk.said == [
        "A first version is written; I am testing and reviewing it.",
        "The page is ready: its tests pass, and the review has found nothing.",
    ], "the first of the three milestones is the answer to the yes"
    (opened,) = desk.opened
    assert opened.read_text().strip() == contained(GOOD_PAGE)
    fractions = [event.fraction for event in desk.events]
    assert fractions == sorted(fractions)
    assert fractions[-1] == 1.0


def test_without_a_plan_nothing_is_built(desk: Desk) -> None:
    for act in (desk.workshop.build, desk.workshop.show, desk.workshop.stop, desk.workshop.resume):
        with pytest.raises(AvatarError):
            act()
    desk.workshop.plan(REQUEST, None)
    with pytest.raises(AvatarError, match="nothing to see"):
        desk.workshop.show()
    desk.workshop.build()
    desk.wait_end()
    with pytest.raises(AvatarError, match="no plan"):
        desk.workshop.build()


def test_a_model_without_a_plan_leaves_nothing_behind(tmp_path: Path) -> None:
    desk = Desk(tmp_path, ScriptedModel(answers={"plan": "Sure! I love pages."}))
    with pytest.raises(AvatarError, match="too small") as raised:
        desk.workshop.plan(REQUEST, None)
    assert not str(raised.value).startswith("plan:")
    assert list(tmp_path.iterdir()) == []


def test_a_model_that_is_too_slow_is_said_to_be(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(module, "PLAN_SECONDS", 0.05)

    class Slow(ScriptedModel):
        def complete(self, _instructions: str, _request: str, job: Job[Any]) -> str:
            stopped = threading.Event()
            job.when_cancelled(stopped.set)
            assert stopped.wait(PATIENT)
            job.check()
            raise AssertionError

    desk = Desk(tmp_path, Slow())
    with pytest.raises(AvatarError, match="too slow"):
        desk.workshop.plan(REQUEST, None)
    assert list(tmp_path.iterdir()) == []


def test_a_plan_ends_with_the_turn_that_asks_for_it(desk: Desk) -> None:
    turn = Turn(1)
    desk.model.when_asked = lambda _kind: turn.cancel()
    with pytest.raises(AvatarError):
        desk.workshop.plan(REQUEST, turn)
    with pytest.raises(AvatarError, match="no plan"):
        desk.workshop.build()


def test_it_is_stopped_shown_and_gone_on_with(desk: Desk) -> None:
    reached, go_on = threading.Event(), threading.Event()

    def hold(kind: str) -> None:
        if kind == "tests":
            reached.set()
            assert go_on.wait(PATIENT)

    desk.model.when_asked = hold
    desk.workshop.plan(REQUEST, None)
    desk.workshop.build()
    assert reached.wait(PATIENT)
    with pytest.raises(AvatarError, match="still building"):
        desk.workshop.plan("another page", None)
    assert desk.workshop.show() == REQUEST
    assert desk.opened[-1].read_text().strip() == contained(GOOD_PAGE), "as far as it is there"
    threading.Timer(0.1, go_on.set).start()
    assert desk.workshop.stop() == REQUEST
    assert desk.wait_end().state is BuildState.STOPPED
    assert desk.said == [], "the answer to “stop” says it"
    asked = len(desk.model.asked)
    desk.workshop.resume()
    assert desk.wait_end().state is BuildState.READY
    assert {kind for kind, _ in desk.model.asked[asked:]} <= {"tests"}, "the rest was done"
    with pytest.raises(AvatarError, match="nothing to go on with"):
        desk.workshop.resume()


def test_steps_are_undone_by_word_and_by_button(tmp_path: Path) -> None:
    pages = file("index.html", BAD_PAGE), file("index.html", GOOD_PAGE)
    desk = Desk(tmp_path, ScriptedModel(*pages))
    desk.workshop.plan(REQUEST, None)
    desk.workshop.build()
    assert desk.wait_end().state is BuildState.READY
    desk.undo.undo()
    assert (desk.site / "index.html").read_text().strip() == BAD_PAGE
    act_on(desk.workshop, PageAct.UNDO)
    assert not (desk.site / "test_page.py").exists()
    desk.undo.undo()
    assert list(desk.site.iterdir()) == []
    with pytest.raises(AvatarError, match="nothing that I could undo"):
        desk.undo.undo()
    with pytest.raises(AvatarError, match="no step left"):
        act_on(desk.workshop, PageAct.UNDO)


KILLED = """
import os, sys
from pathlib import Path
sys.path[:0] = sys.argv[1:3]
from test_page_workshop import REQUEST, Desk

desk = Desk(Path(sys.argv[3]))
desk.model.when_asked = lambda kind: os.kill(os.getpid(), 9) if kind == "tests" else None
desk.workshop.plan(REQUEST, None)
desk.workshop.build()
desk.workshop._thread.join()
"""


def test_the_end_of_the_program_leaves_the_mark(desk: Desk) -> None:
    desk.model.when_asked = lambda kind: closing.start() if kind == "page" else None
    closing = threading.Thread(target=desk.workshop.close)
    desk.workshop.plan(REQUEST, None)
    desk.workshop.build()
    assert desk.workshop._thread is not None
    desk.workshop._thread.join(PATIENT)
    closing.join(PATIENT)
    assert len(list(desk.folder.glob("*/unfinished.txt"))) == 1


@pytest.fixture
def cut_off(tmp_path: Path) -> Path:
    """A folder of pages, in which the program was killed while it wrote tests."""
    here, folder = Path(__file__).parent, tmp_path / "pages"
    command = [sys.executable, "-c", KILLED, str(here), str(here.parent / "helpers"), str(folder)]
    killed = subprocess.run(command, capture_output=True, text=True, check=False, timeout=PATIENT)
    assert killed.returncode == -9, killed.stderr
    return folder


def test_what_was_killed_is_offered_and_goes_on(cut_off: Path) -> None:
    folder, again = cut_off, Desk(cut_off)
    again.workshop.offer()
    assert "go on building" in again.said[0]
    assert again.wait_end() == BuildChanged(REQUEST, BuildState.CUT_OFF, again.said[0])
    again.workshop.resume()
    assert again.wait_end().state is BuildState.READY
    assert not {kind for kind, _ in again.model.asked} & {"plan", "page", "behind"}
    (latest,) = again.workshop._of_user().undoable
    assert again.workshop._of_user().history.steps()[0] in latest.what, "the tests alone are new"
    third = Desk(folder)
    third.workshop.offer()
    assert third.said == [], "it is finished"


def test_an_undo_after_a_start_again_keeps_the_page(cut_off: Path) -> None:
    again = Desk(cut_off)
    again.workshop.offer()
    again.wait_end()
    again.workshop._open_model = refusing
    again.workshop.resume()
    assert again.wait_end().state is BuildState.FAILED
    act_on(again.workshop, PageAct.UNDO)
    again.workshop.close()
    assert again.site.is_dir()


def test_another_plan_is_not_taken_for_what_was_cut_off(desk: Desk) -> None:
    desk.workshop.plan(REQUEST, None)
    desk.workshop.offer()
    assert desk.said == []
    assert desk.events == []


def test_what_is_left_is_offered_no_more(desk: Desk) -> None:
    (desk.folder / "page").mkdir()
    (desk.folder / "page/unfinished.txt").write_text(REQUEST)
    again = Desk(desk.folder)
    again.workshop.offer()
    act_on(again.workshop, PageAct.LEAVE)
    third = Desk(desk.folder)
    third.workshop.offer()
    assert third.events == []


def test_two_pages_of_one_name_have_folders_of_their_own(desk: Desk) -> None:
    other = desk.folder / "build-me-a-small-page-that-shows-a-word-"
    other.mkdir()
    desk.workshop.plan(REQUEST, None)
    assert [path.name for path in desk.folder.iterdir() if path != other] == [f"{other.name}-2"]


def test_a_plan_that_was_not_wanted_leaves_nothing_behind(desk: Desk) -> None:
    desk.workshop.plan(REQUEST, None)
    desk.workshop.plan("a page with a clock", None)
    assert [path.name for path in desk.folder.iterdir()] == ["a-page-with-a-clock"]
    desk.workshop.close()
    assert list(desk.folder.iterdir()) == []


@contextmanager
def refusing(_give_way: object) -> Iterator[LanguageModel]:
    raise ConfigInvalid("The built-in conversation is too small to write pages.")
    yield ScriptedModel()


def test_a_model_that_cannot_be_loaded_says_why(tmp_path: Path) -> None:
    desk = Desk(tmp_path)
    desk.workshop._open_model = refusing
    with pytest.raises(ConfigInvalid, match="too small"):
        desk.workshop.plan(REQUEST, None)


def test_work_gives_way_while_somebody_speaks() -> None:
    gate, turn = FloorGate(), Turn(1)
    gate(StateChanged(State.SPEAKING))
    waiting = threading.Thread(target=gate.give_way, args=(turn,))
    waiting.start()
    waiting.join(0.3)
    assert waiting.is_alive()
    gate(StateChanged(State.IDLE))
    waiting.join(PATIENT)
    assert not waiting.is_alive()
    gate(StateChanged(State.LISTENING))
    turn.cancel()
    gate.give_way(turn)


@pytest.mark.parametrize(
    ("page", "shown"),
    [
        ("<!DOCTYPE html>\n<html></html>", f"<!DOCTYPE html>{POLICY}\n<html></html>"),
        ("<p>x", f"{POLICY}<p>x"),
        ("", POLICY),
    ],
)
def test_the_policy_stands_before_all_that_it_restricts(page: str, shown: str) -> None:
    assert contained(page) == shown


def test_a_copy_holds_what_is_there_now_and_no_links(tmp_path: Path) -> None:
    site, copy = tmp_path / "site", tmp_path / "shown"
    (site / "parts").mkdir(parents=True)
    (site / "parts/a.json").write_text("[1]")
    (site / "old.html").write_text("old")
    (tmp_path / "secret").write_text("kept")
    (site / "link.html").symlink_to(tmp_path / "secret")
    contained_copy(site, copy)
    (site / "old.html").unlink()
    contained_copy(site, copy)
    names = {path.relative_to(copy).as_posix() for path in copy.rglob("*") if path.is_file()}
    assert names == {"parts/a.json"}
