"""Crash reports that the user can read: stack, versions, settings; kept here, sent nowhere."""

from __future__ import annotations

import contextlib
import faulthandler
import re
import traceback
from collections.abc import Callable, Mapping
from datetime import datetime
from pathlib import Path
from types import TracebackType
from typing import Any, TextIO

from avatar_app.system.machine import describe_machine, describe_versions

FOLDER = "crashes"
MOST = 10
"""Reports that are kept."""
_RUNNING, _OFFERED = "running.trace", "offered"
_STACK = "---- stack ----"
_SECRET = re.compile(r"key|token|secret|password|credential", re.IGNORECASE)
_LOGIN = re.compile(r"(?<=://)[^/@\s]+@")


class CrashReports:
    """Writes reports of this run, and finds those of earlier ones. All its files are in `folder`;
    where that cannot be written, there are no reports."""

    def __init__(self, folder: Path, settings: Callable[[], Mapping[str, Any]]) -> None:
        """`settings`: those that the user has changed, by name."""
        self._folder, self._settings = folder, settings
        self._trace: TextIO | None = None
        self._known: set[tuple[type[BaseException], str]] = set()

    def watch(self) -> None:
        """Keep the stack of a crash in machine code; that of the last run becomes a report."""
        with contextlib.suppress(OSError):
            self._folder.mkdir(parents=True, exist_ok=True)
            self._take_last_trace()
            self._trace = (self._folder / _RUNNING).open("w", encoding="utf-8")
            self._trace.write(f"{self._header()}\n{_STACK}\n")
            self._trace.flush()
            faulthandler.enable(self._trace)

    def stop(self) -> None:
        """The program ends as it should."""
        if self._trace is not None:
            faulthandler.disable()
            self._trace.close()
            self._trace = None
            (self._folder / _RUNNING).unlink(missing_ok=True)

    def report(
        self, kind: type[BaseException], error: BaseException, stack: TracebackType | None
    ) -> Path | None:
        """Write a report of an error in Python; once for each place where it happens. None where it
        was written before, or cannot be."""
        frames = traceback.extract_tb(stack)
        place = f"{frames[-1].filename}:{frames[-1].lineno}" if frames else ""
        if (kind, place) in self._known:
            return None
        self._known.add((kind, place))
        text = "".join(traceback.format_exception(kind, error, stack))
        path = self._write(f"{self._header()}\n{_STACK}\n{text}")
        if path is not None:
            self._note_offered(path)  # it is shown while the program still runs
        return path

    def unseen(self) -> Path | None:
        """Return the newest report that was not offered before, once."""
        reports = self._reports()
        offered = self._folder / _OFFERED
        if not reports:
            return None
        newest = reports[-1]
        with contextlib.suppress(OSError):
            if offered.is_file() and offered.read_text(encoding="utf-8") >= newest.name:
                return None
            self._note_offered(newest)
        return newest

    def _take_last_trace(self) -> None:
        last = self._folder / _RUNNING
        if last.is_file():
            text = last.read_text(encoding="utf-8", errors="replace")
            if text.partition(f"{_STACK}\n")[2].strip():  # a kill leaves no stack
                self._write(text)
            last.unlink()

    def _write(self, text: str) -> Path | None:
        now = datetime.now().astimezone()
        path = self._folder / f"{now:%Y-%m-%d %H.%M.%S.%f}.txt"
        try:
            self._folder.mkdir(parents=True, exist_ok=True)
            path.write_text(text, encoding="utf-8")
            for old in self._reports()[:-MOST]:
                old.unlink()
        except OSError:
            return None
        return path

    def _reports(self) -> list[Path]:
        return sorted(self._folder.glob("*.txt")) if self._folder.is_dir() else []

    def _note_offered(self, report: Path) -> None:
        with contextlib.suppress(OSError):
            (self._folder / _OFFERED).write_text(report.name, encoding="utf-8")

    def _header(self) -> str:
        facts = {**describe_versions(), **describe_machine()}
        lines = [f"{name}: {value}" for name, value in facts.items()]
        changed = [f"{name}: {_harmless(name, value)}" for name, value in self._settings().items()]
        head = "Avatar quit or failed unexpectedly. This file was not sent anywhere."
        parts = [head, "", *lines, "", "Settings that differ from those shipped:", *changed, ""]
        return "\n".join(parts)


def _harmless(name: str, value: Any) -> str:
    """Return a value without what is nobody else's business."""
    if _SECRET.search(name):
        return "(left out)"
    return _LOGIN.sub("", str(value)).replace(str(Path.home()), "~")
