"""The sandbox: escapes are tried and fail; limits end what takes too much."""

from __future__ import annotations

import shutil
import sys
import tempfile
from pathlib import Path
from typing import Any

import pytest

from avatar_app.agents import sandbox
from avatar_app.agents.sandbox import INSIDE, SandboxLimits, SandboxResult, run_confined
from avatar_app.core.errors import DeviceUnavailable
from avatar_app.core.jobs import Job

needs_bubblewrap = pytest.mark.skipif(
    bool(sandbox._unavailable()), reason=f"programs can't be confined: {sandbox._unavailable()}"
)
LIMITS = SandboxLimits(seconds=20)


def job() -> Job[Any]:
    return Job("test", lambda _job: None)


def python(program: str, folder: Path, limits: SandboxLimits = LIMITS) -> SandboxResult:
    return run_confined([sys.executable, "-c", program], folder, job(), limits)


@needs_bubblewrap
def test_a_program_runs_and_writes_in_its_folder_only(tmp_path: Path) -> None:
    result = python("open('made', 'w').write('x'); print('hello')", tmp_path)
    assert (result.output, result.succeeded) == ("hello\n", True)
    assert (tmp_path / "made").read_text() == "x"


@needs_bubblewrap
@pytest.mark.parametrize(
    "attempt",
    [
        "import socket; socket.create_connection(('127.0.0.1', 22), 1)",
        "import socket; socket.create_connection(('192.0.2.1', 80), 1)",
        "import os; os.listdir(os.environ['SECRET'])",
        "open('/etc/passwd').read()",
        "open('/root/.profile').read()",
        "open('/usr/escaped', 'w')",
        "open('/proc/1/root/etc/shadow').read()",
        "import ctypes; assert ctypes.CDLL(None).mount(b'x', b'/mnt', b'tmpfs', 0, None) == 0",
    ],
)
def test_escapes_fail(tmp_path: Path, attempt: str) -> None:
    result = python(attempt, tmp_path)
    assert not result.succeeded, attempt


@needs_bubblewrap
def test_a_python_below_tmp_is_seen(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    environment = Path(tempfile.mkdtemp(dir="/tmp"))
    try:
        (environment / "here").write_text("yes")
        monkeypatch.setattr(sys, "prefix", str(environment))
        seen = run_confined(["cat", str(environment / "here")], tmp_path, job())
        assert (seen.output, seen.code) == ("yes", 0)
    finally:
        shutil.rmtree(environment)


@needs_bubblewrap
def test_what_is_written_beside_the_folder_is_nowhere(tmp_path: Path) -> None:
    (tmp_path / "inner").mkdir()
    python("open('../outside', 'x').write('')", tmp_path / "inner")
    assert list(tmp_path.rglob("*")) == [tmp_path / "inner"]


@needs_bubblewrap
def test_it_sees_no_environment_and_no_other_process(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("API_KEY", "secret")
    count = "len([p for p in os.listdir('/proc') if p.isdigit()])"
    told = f"import os; print(sorted(os.environ)); print({count})"
    result = python(told, tmp_path)
    assert "API_KEY" not in result.output
    assert int(result.output.splitlines()[-1]) <= 3
    assert str(INSIDE) in python("import os; print(os.getcwd())", tmp_path).output


@needs_bubblewrap
def test_time_disk_and_memory_are_limited(tmp_path: Path) -> None:
    slow = python("import time; time.sleep(60)", tmp_path, SandboxLimits(seconds=1))
    assert slow.stopped == "It ran for more than 1 seconds."
    large = python("open('x', 'wb').write(b'x' * (30 << 20))", tmp_path)
    assert not large.succeeded, "one file"
    write = "open(str(n), 'wb').write(b'x' * (10 << 20)); time.sleep(0.05)"
    many = f"import time\nfor n in range(99): {write}"
    full = python(many, tmp_path, SandboxLimits(seconds=20, folder_mb=50))
    assert full.stopped == "It wrote more than 50 MB."
    for path in tmp_path.iterdir():
        path.unlink()
    assert not python("x = bytearray(4 << 30)", tmp_path).succeeded


@needs_bubblewrap
def test_a_fork_bomb_ends_with_its_time_and_leaves_nothing(tmp_path: Path) -> None:
    bomb = (
        "import os, time\n"
        "for n in range(300):\n"
        "    try:\n"
        "        if os.fork() == 0: time.sleep(60)\n"
        "    except OSError: break\n"
        "open('count', 'w').write(str(n)); time.sleep(60)"
    )
    marker = "bomb" + tmp_path.name.replace("_", "")
    result = run_confined([sys.executable, "-c", bomb, marker], tmp_path, job(), SandboxLimits(3))
    assert result.stopped
    left = [
        path for path in Path("/proc").iterdir() if path.name.isdigit() and marker in _command(path)
    ]
    assert left == []


def _command(process: Path) -> str:
    try:
        return (process / "cmdline").read_text()
    except OSError:
        return ""


@needs_bubblewrap
def test_a_cancelled_job_stops_it(tmp_path: Path) -> None:
    stopped: Job[Any] = job()
    stopped.cancel()
    for _ in range(20):  # in different moments of bubblewrap's own start
        result = run_confined(
            [sys.executable, "-c", "import time; time.sleep(60)"], tmp_path, stopped
        )
        assert result.stopped == "It was stopped."


def test_where_it_cannot_be_had_nothing_is_run(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(sandbox, "_unavailable", lambda: "bwrap is not installed")
    with pytest.raises(DeviceUnavailable, match="I run no program that a model wrote"):
        run_confined(["touch", str(tmp_path / "run")], tmp_path, job())
    assert not (tmp_path / "run").exists()
