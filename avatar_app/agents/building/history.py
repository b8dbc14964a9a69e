"""The steps of a project in git, whose folder lies outside what built programs can write to."""

from __future__ import annotations

import shutil
import subprocess
import time
from pathlib import Path

from avatar_app.core.errors import ConfigInvalid, EngineFailed

_IDENTITY = ("-c", "user.name=Avatar", "-c", "user.email=avatar@localhost")
_SAFE = ("-c", "core.hooksPath=/dev/null", "-c", "commit.gpgSign=false", "-c", "core.fsmonitor=")
"""Nothing that a project brings along is run."""
SECONDS = 30
_CHECK = "Check the disk."


class ProjectHistory:
    """One commit for each step. Raises ConfigInvalid where git is not installed, EngineFailed where
    it, or the disk, does not what it should."""

    def __init__(self, folder: Path, git_folder: Path) -> None:
        if shutil.which("git") is None:
            raise ConfigInvalid("I keep each step in git, which is not installed.", "Install git.")
        self._folder, self._git_folder = folder, git_folder
        try:
            folder.mkdir(parents=True, exist_ok=True)
        except OSError as error:
            raise EngineFailed(f"{folder} can't be made: {error.strerror}.", _CHECK) from error
        if not (git_folder / "HEAD").exists():
            self._run("init", "-q", "-b", "main")
        self._unlock()
        if not self._has_begun():
            self._run("commit", "-q", "--allow-empty", "-m", "begin")

    def commit(self, message: str) -> bool:
        """Keep the folder as it is now; returns False where nothing has changed."""
        self._run("add", "-A")
        if not self._run("status", "--porcelain").strip():
            return False
        self._run("commit", "-q", "-m", message)
        return True

    def steps(self) -> list[str]:
        """Return what was done, the latest first."""
        return self._run("log", "--format=%s").splitlines()[:-1]

    def undo(self) -> str:
        """Take the latest step back; returns what it was, empty where there is none."""
        steps = self.steps()
        if not steps:
            return ""
        self._run("reset", "-q", "--hard", "HEAD~1")
        self._run("clean", "-fdq")
        return steps[0]

    def _has_begun(self) -> bool:
        """False where the program was killed before its first commit."""
        try:
            self._run("rev-parse", "--verify", "-q", "HEAD")
        except EngineFailed:
            return False
        return True

    def _unlock(self) -> None:
        """Delete the locks of a git that was killed: one that works has none for so long."""
        try:
            for lock in self._git_folder.rglob("*.lock"):
                if abs(time.time() - lock.stat().st_mtime) > SECONDS:
                    lock.unlink(missing_ok=True)
        except OSError as error:
            raise EngineFailed(
                f"{self._git_folder} is locked: {error.strerror}.", _CHECK
            ) from error

    def _run(self, *arguments: str) -> str:
        where = (f"--git-dir={self._git_folder}", f"--work-tree={self._folder}")
        try:
            done = subprocess.run(
                ["git", *where, *_SAFE, *_IDENTITY, *arguments],
                capture_output=True,
                text=True,
                errors="replace",
                timeout=SECONDS,
                check=False,
            )
        except (OSError, subprocess.TimeoutExpired) as error:
            raise EngineFailed(f"git did not {arguments[0]} in time.", _CHECK) from error
        if done.returncode != 0:
            reason = (done.stderr.strip().splitlines() or ["unknown"])[-1]
            raise EngineFailed(f"git could not {arguments[0]}: {reason}.", _CHECK)
        return done.stdout
