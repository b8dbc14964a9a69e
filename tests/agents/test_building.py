"""“Build me a small page”: a scripted model and real tools: bubblewrap, pytest, ruff and git."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest
from scripted_model import BAD_PAGE, GOOD_PAGE, ScriptedModel, file

from avatar_app.agents import sandbox
from avatar_app.agents.building.history import ProjectHistory
from avatar_app.agents.building.page import REPAIRS, BuiltPage, PageBuilder, page_workflow
from avatar_app.agents.building.writer import NEEDED_CONTEXT, writing_options
from avatar_app.agents.files import files_in, is_safe, write_files
from avatar_app.agents.workflows.retry import RetryConfig
from avatar_app.agents.workflows.workflow import RunState
from avatar_app.core.errors import ConfigInvalid, EngineFailed, InputInvalid
from avatar_app.core.jobs import Job
from avatar_app.core.manifest import Kind
from avatar_app.runtime.registry import Registry

pytestmark = pytest.mark.skipif(
    bool(sandbox._unavailable()), reason=f"programs can't be confined: {sandbox._unavailable()}"
)
REQUEST = "a page with a word of the day"
ONCE = RetryConfig(max_attempts=1)


def built(
    folder: Path, model: ScriptedModel, *, answer: bool | None = True, job: Any = None
) -> tuple[BuiltPage, list[str]]:
    said: list[str] = []
    builder = PageBuilder(model, folder, ONCE)
    return builder.build(REQUEST, lambda _plan, _minutes: answer, said.append, job), said


def test_a_page_is_planned_built_tested_and_reviewed(tmp_path: Path) -> None:
    plans: list[tuple[list[str], int]] = []
    model, said = ScriptedModel(), []

    def approve(plan: list[str], minutes: int) -> bool:
        plans.append((plan, minutes))
        assert [kind for kind, _ in model.asked] == ["plan"], "nothing is built before the yes"
        return True

    page = PageBuilder(model, tmp_path, ONCE).build(REQUEST, approve, said.append)
    assert page.passed, page.result
    assert plans[0][0][0] == "Write index.html with a heading."
    assert plans[0][1] > 0
    assert page.page.read_text().strip() == GOOD_PAGE
    assert len(said) == 3
    assert said[-1] == "The page is ready: its tests pass, and the review has found nothing."
    assert "2 passed" in page.result.context["test_output"]
    steps = ProjectHistory(tmp_path / "site", tmp_path / "history.git").steps()
    assert steps == ["write tests", "write the page"]


def test_a_page_that_fails_is_repaired(tmp_path: Path) -> None:
    model = ScriptedModel(file("index.html", BAD_PAGE), file("index.html", GOOD_PAGE))
    page, _ = built(tmp_path, model)
    assert page.passed
    repairs = [request for kind, request in model.asked if kind == "page"][1:]
    assert len(repairs) == 1
    assert "Words of the day" in repairs[0], "it is shown what failed"
    assert "test_heading" in repairs[0]
    assert "repair_2" in page.result.skipped


def test_after_three_repairs_it_says_what_is_still_wrong(tmp_path: Path) -> None:
    model = ScriptedModel(file("index.html", BAD_PAGE))
    page, said = built(tmp_path, model)
    assert not page.passed
    assert page.result.succeeded
    assert [kind for kind, _ in model.asked].count("page") == 1 + REPAIRS
    assert said[-1] == "The page is there, but its tests do not pass."


def test_the_review_uses_ruff_and_looks_for_things_from_outside(tmp_path: Path) -> None:
    bad = '<html><script src="https://example.com/x.js"></script>Words of the day</html>'
    program = file("build.py", "import os\nos.system(input())\nprint(undefined)\n")
    words = file("words.json", '["one", "two"]')
    model = ScriptedModel(file("index.html", bad), answers={"behind": program + words})
    page, said = built(tmp_path, model)
    findings = "\n".join(page.result.context["findings"])
    for expected in ("loads something from outside", "S605", "F821"):
        assert expected in findings
    assert "findings" in said[-1]


def test_a_model_that_is_too_small_is_said_to_be(tmp_path: Path) -> None:
    page, said = built(tmp_path, ScriptedModel(answers={"plan": "Sure! I love pages."}))
    assert page.result.state is RunState.FAILED
    assert "may be too small" in said[-1]
    page, said = built(tmp_path / "other", ScriptedModel("I can't do that."))
    assert "may be too small" in said[-1]


def test_without_a_yes_nothing_is_built_and_a_later_one_goes_on(tmp_path: Path) -> None:
    model = ScriptedModel()
    page, said = built(tmp_path, model, answer=None)
    assert (page.result.state, said) == (RunState.WAITING, [])
    assert list((tmp_path / "site").iterdir()) == []
    page, _ = built(tmp_path, model)
    assert page.passed
    assert [kind for kind, _ in model.asked].count("plan") == 1
    page, said = built(tmp_path / "no", ScriptedModel(), answer=False)
    assert said == ["I have stopped; what was done so far is kept."]


def test_it_is_stopped_and_goes_on(tmp_path: Path) -> None:
    model, job = ScriptedModel(), Job[Any]("build", lambda _job: None)
    model.when_asked = lambda kind: job.cancel() if kind == "tests" else None
    page, said = built(tmp_path, model, job=job)
    assert page.result.state is RunState.CANCELLED
    assert said[-1].startswith("I have stopped")
    again = ScriptedModel()
    page, _ = built(tmp_path, again)
    assert page.passed
    assert not {kind for kind, _ in again.asked} & {"plan", "page", "behind"}, "that was done"


KILLED = """
import os, sys
from pathlib import Path
sys.path.insert(0, sys.argv[1])
from scripted_model import ScriptedModel
from avatar_app.agents.building import page
from avatar_app.agents.orchestrator import AgentOrchestrator

end = AgentOrchestrator._end
def killing(self, run, store, step, state, outputs):
    end(self, run, store, step, state, outputs)
    if step.name == sys.argv[3]:
        os.kill(os.getpid(), 9)
AgentOrchestrator._end = killing
model = ScriptedModel()
built = page.PageBuilder(model, Path(sys.argv[2])).build("words", lambda *_: True, lambda _: None)
print(built.passed, *sorted({kind for kind, _ in model.asked}))
"""


@pytest.mark.parametrize("step", ["plan", "frontend", "test_0"])
def test_a_build_that_was_killed_goes_on(tmp_path: Path, step: str) -> None:
    def run(victim: str) -> subprocess.CompletedProcess[str]:
        helpers = str(Path(__file__).parents[1] / "helpers")
        command = [sys.executable, "-c", KILLED, helpers, str(tmp_path), victim]
        return subprocess.run(command, capture_output=True, text=True, check=False, timeout=200)

    assert run(step).returncode == -9
    resumed = run("none")
    assert resumed.stdout.startswith("True"), resumed.stderr
    assert ("plan" in resumed.stdout.split()) is False


def test_steps_are_undone_one_by_one(tmp_path: Path) -> None:
    built(tmp_path, ScriptedModel(file("index.html", BAD_PAGE), file("index.html", GOOD_PAGE)))
    history = ProjectHistory(tmp_path / "site", tmp_path / "history.git")
    assert history.undo() == "repair the page"
    assert (tmp_path / "site/index.html").read_text().strip() == BAD_PAGE
    assert history.undo() == "write tests"
    assert not (tmp_path / "site/test_page.py").exists()
    assert history.undo() == "write the page"
    assert history.undo() == ""


def test_steps_go_on_where_a_kill_left_git_locked_or_without_a_first_commit(tmp_path: Path) -> None:
    site, folder = tmp_path / "site", tmp_path / "history.git"
    subprocess.run(["git", "init", "-q", "-b", "main", "--bare", str(folder)], check=True)
    lock = folder / "index.lock"
    lock.touch()
    os.utime(lock, (1, 1))
    history = ProjectHistory(site, folder)
    (site / "a.txt").write_text("x")
    assert history.commit("write")
    lock.touch()  # by one that works now
    with pytest.raises(EngineFailed, match="git could not add"):
        ProjectHistory(site, folder).commit("write more")
    assert lock.exists()
    os.utime(lock, (1, 1))
    assert ProjectHistory(site, folder).steps() == ["write"]
    (site / "a.txt").write_text("y")
    assert ProjectHistory(site, folder).commit("write more")


def test_nothing_of_a_project_is_run_by_git(tmp_path: Path) -> None:
    history = ProjectHistory(tmp_path / "site", tmp_path / "history.git")
    hooks = tmp_path / "site" / ".git" / "hooks"
    hooks.mkdir(parents=True)
    (hooks / "pre-commit").write_text(f"#!/bin/sh\ntouch {tmp_path}/escaped\n")
    (hooks / "pre-commit").chmod(0o755)
    (tmp_path / "site" / "a.txt").write_text("x")
    assert history.commit("step")
    assert not (tmp_path / "escaped").exists()


@pytest.mark.parametrize(
    "name", ["../x.html", "/etc/x", "a/../../x", ".git/config", "", "a/b/c/d/e", "x\x00y", "-rf"]
)
def test_files_outside_the_project_are_not_written(tmp_path: Path, name: str) -> None:
    assert not is_safe(name)
    with pytest.raises(InputInvalid):
        write_files(tmp_path, {name: "x"})


def test_links_out_of_the_project_are_not_followed(tmp_path: Path) -> None:
    (tmp_path / "site").mkdir()
    (tmp_path / "secret").write_text("kept")
    (tmp_path / "site/index.html").symlink_to(tmp_path / "secret")
    with pytest.raises(InputInvalid):
        write_files(tmp_path / "site", {"index.html": "gone"})
    assert (tmp_path / "secret").read_text() == "kept"


def test_files_are_found_as_models_write_them() -> None:
    answer = "**FILE: `a.html`**\n\n```html\n<p>\n```\n\n### FILE: b/c.js\n```\nx\n```\n"
    answer += "FILE: ../no\n```\n```\n"
    assert files_in(answer) == {"a.html": "<p>\n", "b/c.js": "x\n"}
    with pytest.raises(EngineFailed, match="too small"):
        files_in("no files here")


def test_the_workflow_waits_for_consent_before_it_writes() -> None:
    workflow = page_workflow()
    begin = next(step for step in workflow.steps if step.approval)
    writing = [step for step in workflow.steps if step.action in ("write", "save", "repair")]
    assert all(depends(workflow, step, begin.name) for step in writing)


def depends(workflow: Any, step: Any, name: str) -> bool:
    before = workflow.before(step)
    by_name = {each.name: each for each in workflow.steps}
    return name in before or any(depends(workflow, by_name[each], name) for each in before)


def test_a_model_writes_whole_files_without_the_limits_of_speech() -> None:
    llama = Registry().find(Kind.DIALOGUE, "llama")
    options = writing_options(llama, {"context": 16_384, "longest": 100, "temperature": 0.1})
    assert options["temperature"] == 0.1
    assert options["longest"] == 4096
    assert options["sentences"] == 100
    assert llama.checked(options)["tools"] == "none"


@pytest.mark.parametrize(
    ("engine", "options"), [("builtin", {}), ("llama", {"context": NEEDED_CONTEXT - 1})]
)
def test_engines_that_cannot_hold_a_page_are_too_small(
    engine: str, options: dict[str, Any]
) -> None:
    with pytest.raises(ConfigInvalid, match="too small"):
        writing_options(Registry().find(Kind.DIALOGUE, engine), options)
