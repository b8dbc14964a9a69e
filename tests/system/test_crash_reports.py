"""Crash reports: of errors in Python and machine code, readable, without secrets, ten at most."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

import pytest

from avatar_app.system.crash_reports import MOST, CrashReports

SETTINGS = {
    "tts.engine": "kokoro",
    "dialogue.options.api_key": "sk-12345",
    "dialogue.options.url": "http://me:hunter2@localhost:8080/v1",
    "models.folders": f"{Path.home()}/models",
}
CRASH = """
import faulthandler, sys
from pathlib import Path
from avatar_app.system.crash_reports import CrashReports
reports = CrashReports(Path(sys.argv[1]), dict)
reports.watch()
if sys.argv[2] == "crash":
    faulthandler._sigsegv()
elif sys.argv[2] == "kill":
    import os, signal
    os.kill(os.getpid(), signal.SIGKILL)
reports.stop()
"""


def failed(where: int = 0) -> BaseException:
    """An error as something raised it, at one of two places."""
    try:
        if where:
            raise ValueError("broken there")
        raise ValueError("broken")
    except ValueError as error:
        return error


def reported(reports: CrashReports, error: BaseException) -> Path | None:
    return reports.report(type(error), error, error.__traceback__)


@pytest.fixture
def reports(tmp_path) -> CrashReports:
    return CrashReports(tmp_path / "crashes", lambda: SETTINGS)


def test_an_error_leaves_a_readable_report_without_secrets(reports) -> None:
    text = reported(reports, failed()).read_text(encoding="utf-8")
    assert "ValueError: broken" in text
    assert "test_crash_reports.py" in text
    assert "tts.engine: kokoro" in text
    assert "avatar_app: " in text
    assert "processor: " in text
    assert "sk-12345" not in text
    assert "hunter2" not in text
    assert "localhost:8080" in text
    assert str(Path.home()) + "/models" not in text


def test_each_error_location_is_reported_once(reports) -> None:
    assert reported(reports, failed()) is not None
    assert reported(reports, failed()) is None
    assert reported(reports, failed(1)) is not None


def test_ten_reports_are_kept(reports, tmp_path) -> None:
    folder = tmp_path / "crashes"
    folder.mkdir()
    for number in range(MOST + 5):
        (folder / f"2020-01-{number + 1:02} 10.00.00.000000.txt").write_text("old")
    newest = reported(reports, failed())
    kept = sorted(folder.glob("*.txt"))
    assert len(kept) == MOST
    assert kept[-1] == newest


def test_report_shown_during_the_run_is_not_offered_again(reports) -> None:
    reported(reports, failed())
    assert reports.unseen() is None


@pytest.mark.parametrize(("end", "found"), [("crash", True), ("kill", False), ("well", False)])
def test_native_crash_is_offered_at_the_next_start(tmp_path, reports, end, found):
    folder = tmp_path / "crashes"
    process = subprocess.run(
        [sys.executable, "-c", CRASH, str(folder), end], capture_output=True, timeout=60
    )
    assert (process.returncode == 0) is (end == "well"), process.stderr
    reports.watch()
    reports.stop()
    report = reports.unseen()
    assert (report is not None) is found
    if report is not None:
        text = report.read_text(encoding="utf-8")
        assert "Segmentation fault" in text
        assert "<string>" in text, "the stack in Python"
    assert reports.unseen() is None, "once"


def test_unwritable_folder_is_ignored(tmp_path) -> None:
    (tmp_path / "crashes").write_text("a file")
    reports = CrashReports(tmp_path / "crashes", dict)
    reports.watch()
    assert reported(reports, failed()) is None
    assert reports.unseen() is None
    reports.stop()
