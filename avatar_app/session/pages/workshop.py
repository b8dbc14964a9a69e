"""Builds a page beside the conversation: plans, builds in a thread, shows, stops, undoes, resumes.

Each step is on the disk before the next begins, so what was cut off goes on where it was.
"""

from __future__ import annotations

import threading
from collections.abc import Callable
from functools import partial
from pathlib import Path

from avatar_app.agents.base import LanguageModel
from avatar_app.agents.building.page import (
    FIRST_VERSION,
    PageBuilder,
    forget_run,
)
from avatar_app.agents.workflows.retry import RetryConfig
from avatar_app.agents.workflows.workflow import RunState
from avatar_app.core.builds import BuildChanged, BuildState
from avatar_app.core.errors import AvatarError, InputInvalid
from avatar_app.core.events import Event, Noticed
from avatar_app.core.turn import Turn
from avatar_app.session.pages.floor import FloorGate
from avatar_app.session.pages.planning import OpenModel, planned
from avatar_app.session.pages.project import PageProject, PageStage, cut_off
from avatar_app.session.pages.words import CUT_OFF, DOING, REPAIRING, UNDONE
from avatar_app.tools.services import PagePlan
from avatar_app.tools.undo import UndoHistory

ATTEMPTS = 2
"""At each step that fails."""
_STOPPING = 10.0
"""Seconds in which a build ends once it is cancelled."""


class PageWorkshop:
    """A `PageWork` in the user's folder of pages. Thread-safe; owns a thread while it builds."""

    def __init__(
        self,
        folder: Path,
        open_model: OpenModel,
        post: Callable[[Event], None],
        announce: Callable[[str], None],
        undo: UndoHistory,
        browse: Callable[[Path], None],
        floor: FloorGate,
    ) -> None:
        """`announce` says a milestone once nobody speaks. `browse` opens a page."""
        self._folder, self._open_model = folder, open_model
        self._post, self._announce, self._browse = post, announce, browse
        self._undo, self._floor = undo, floor
        self._lock = threading.RLock()
        self._project: PageProject | None = None
        self._thread: threading.Thread | None = None
        self._closed = False

    def offer(self) -> None:
        """Offer to go on with what was cut off when the program ended."""
        with self._lock:
            if self._project is not None:
                return  # the user has asked for another one
            self._project = cut_off(self._folder)
            if self._project is not None:
                self._tell(self._project, BuildState.CUT_OFF, CUT_OFF)
                self._announce(CUT_OFF)

    def plan(self, request: str, turn: Turn | None) -> PagePlan:
        self._refuse_while_building()
        self._discard_plan()
        project, plan = planned(self._folder, request, turn, self._open_model)
        with self._lock:
            self._project = project
        return plan

    def _discard_plan(self) -> None:
        """Delete what was only planned."""
        with self._lock:
            project = self._project
            if project is not None and project.stage is PageStage.PLANNED:
                project.discard()
                self._project = None

    def build(self) -> str:
        with self._lock:
            self._refuse_while_building()
            project = self._project
            if project is None or project.stage is PageStage.BEGUN:
                raise InputInvalid("There is no plan of a page.", "Say what page you want.")
            return self._begin(project)

    def show(self) -> str:
        project = self._of_user()
        self._browse(project.shown())
        return project.request

    def stop(self) -> str:
        with self._lock:
            project = self._of_user()
            if not self._is_building:
                raise InputInvalid("I am building nothing at the moment.")
        self._halt(project)
        return project.request

    def resume(self) -> str:
        with self._lock:
            project = self._of_user()
            if self._is_building:
                raise InputInvalid("I am still at it.")
            if project.stage is not PageStage.BEGUN or project.fraction >= 1:
                raise InputInvalid("There is nothing to go on with.", "Say what page you want.")
            return self._begin(project)

    def undo_step(self) -> str:
        """Take the latest step back, of which the work stops; returns what it was."""
        project = self._of_user()
        self._halt(project)
        with self._lock:
            step = project.history.undo()
            if not step:
                raise InputInvalid("There is no step left that I could undo.")
            if project.undoable:
                self._undo.drop(project.undoable.pop())
            forget_run(project.root)
            project.finish()
            project.stage = PageStage.UNDONE
            self._tell(project, BuildState.UNDONE, UNDONE.format(step=step))
        return step

    def leave(self) -> None:
        """Leave what was cut off or stopped as it is, and offer it no more."""
        with self._lock:
            if self._project is not None and not self._is_building:
                self._project.finish()
                self._project = None

    def close(self) -> None:
        """Cut off what is being built: the next start offers to go on."""
        self._closed = True
        with self._lock:
            project, thread = self._project, self._thread
        if project is not None and thread is not None:
            project.job.cancel()
            thread.join()
        self._discard_plan()

    @property
    def _is_building(self) -> bool:
        return self._thread is not None and self._thread.is_alive()

    def _refuse_while_building(self) -> None:
        with self._lock:
            if self._is_building:
                raise InputInvalid("I am still building a page.", "Say “stop building” first.")

    def _of_user(self) -> PageProject:
        with self._lock:
            if self._project is None:
                raise InputInvalid("I have built no page yet.", "Say what page you want.")
            return self._project

    def _begin(self, project: PageProject) -> str:
        project.begin()
        self._thread = threading.Thread(target=self._run, args=(project,), name="page", daemon=True)
        self._thread.start()
        return project.request

    def _halt(self, project: PageProject) -> None:
        project.job.cancel()
        thread = self._thread
        if thread is not None:
            thread.join(_STOPPING)

    def _run(self, project: PageProject) -> None:
        self._tell(project, BuildState.BUILDING, DOING["begin"])
        try:
            with self._open_model(self._floor.give_way) as model:
                built = self._builder(model, project, ATTEMPTS).build(
                    project.request,
                    lambda _plan, _minutes: True,
                    self._milestone,
                    project.job,
                    partial(self._progress, project),
                )
        except AvatarError as error:
            self._end(project, BuildState.FAILED, str(error))
            return
        if built.result.state is RunState.CANCELLED:
            self._end(project, BuildState.STOPPED, built.summary)
        elif not built.result.succeeded:
            self._end(project, BuildState.FAILED, built.summary)
        else:
            project.fraction = 1.0
            self._end(project, BuildState.READY, built.summary)
            if built.passed:
                self._open(project)

    def _open(self, project: PageProject) -> None:
        try:
            self._browse(project.shown())
        except AvatarError as error:
            self._post(Noticed(error.message, error.hint, type(error)))

    def _end(self, project: PageProject, state: BuildState, text: str) -> None:
        """Tell how it ended; only the end of the program leaves the mark of what is unfinished."""
        if self._closed:
            return
        project.finish()
        self._tell(project, state, text)
        if state is not BuildState.STOPPED:
            self._announce(text)

    def _milestone(self, text: str) -> None:
        """Say it: the first one was the answer to the user's yes, and the last one `_end` says."""
        if text == FIRST_VERSION:
            self._announce(text)

    def _progress(self, project: PageProject, fraction: float, step: str) -> None:
        project.fraction = max(project.fraction, min(fraction, 0.99))  # two steps go side by side
        for kept in project.new_steps():
            done = self._undo.add(f"the last step of the page, {kept}", self.undo_step)
            project.undoable.append(done)
        self._tell(project, BuildState.BUILDING, DOING.get(step, REPAIRING))

    def _builder(self, model: LanguageModel, project: PageProject, attempts: int) -> PageBuilder:
        return PageBuilder(model, project.root, RetryConfig(max_attempts=attempts))

    def _tell(self, project: PageProject, state: BuildState, text: str) -> None:
        self._post(BuildChanged(project.request, state, text, project.fraction))
