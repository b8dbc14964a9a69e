"""`avatar-app serve`: what cannot be is refused in a sentence, and SIGTERM lets sentences end."""

from __future__ import annotations

import os
import signal
import socket
import subprocess
import sys
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest
from openai import OpenAI
from realtime import RATE, Talk
from served import PATIENCE
from served_engines import LIGHT, add_light_engines

from avatar_app.cli import main as cli
from avatar_app.cli import serve as cli_serve

Run = Callable[..., tuple[int, str, str]]
WORDS = 24

pytestmark = [
    pytest.mark.usefixtures("loopback", "user_engines_forgotten"),
    pytest.mark.filterwarnings("ignore:connect.. must be used:DeprecationWarning"),  # by openai
]


@pytest.fixture
def run(monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]) -> Run:
    """Runs `avatar-app serve …`; returns its status, output and errors."""
    for console in (cli.err, cli_serve._out, cli_serve._err):
        monkeypatch.setattr(console, "_width", 300)

    def run_line(*words: object) -> tuple[int, str, str]:
        monkeypatch.setattr("sys.argv", ["avatar-app", "serve", *map(str, words)])
        returned = cli.run_command_line()
        captured = capsys.readouterr()
        return returned, captured.out, captured.err

    return run_line


def certificate(folder: Path, name: str, *options: str) -> tuple[Path, Path]:
    """A certificate and its key."""
    made, key = folder / f"{name}.pem", folder / f"{name}-key.pem"
    command = ["openssl", "req", "-x509", "-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:P-256"]
    command += ["-days", "2", "-subj", "/CN=127.0.0.1", *(options or ["-nodes"])]
    subprocess.run([*command, "-keyout", key, "-out", made], check=True, capture_output=True)
    return made, key


@pytest.mark.parametrize(
    ("words", "said"),
    [
        (["--host", "192.0.2.1", "--unencrypted"], "cannot listen on 192.0.2.1"),
        (["--host", "[::1]"], "could overhear"),
        (["--host", "0.0.0.0"], "could overhear"),
        (["--certificate", "cert.pem"], "needs a certificate and its key"),
        (["--certificate", "no.pem", "--key", "no.pem"], "no.pem does not exist"),
        (["--set", "tts.engine=nothing"], "nothing"),
        (["--ray"], "needs ray, which is not installed"),
        (["revoke", "kitchen"], "No device is called 'kitchen'"),
    ],
)
def test_what_cannot_be_is_refused(run: Run, words: list[str], said: str) -> None:
    status, _, errors = run("--port", 0, *words) if words[0].startswith("--") else run(*words)
    assert (status, said in errors, "Traceback" in errors) == (1, True, False), errors


def test_wrong_ports_are_refused(run: Run) -> None:
    assert run("--port", 70_000)[0] == 2
    with socket.socket() as taken:
        taken.bind(("127.0.0.1", 0))
        taken.listen()
        status, _, errors = run("--port", taken.getsockname()[1])
    assert status == 1
    assert "Address already in use" in errors
    assert "--port" in errors


def test_certificates_that_tls_cannot_use_are_refused(run: Run, tmp_path: Path) -> None:
    """No password is asked for in a terminal."""
    first, key = certificate(tmp_path, "first")
    _, other = certificate(tmp_path, "other")
    secret, locked = certificate(tmp_path, "locked", "-passout", "pass:secret")
    garbage = tmp_path / "garbage.pem"
    garbage.write_bytes(b"\0garbage")
    for chosen, of, said in (
        (first, other, "no certificate and its key"),
        (garbage, key, "no certificate and its key"),
        (first, garbage, "no certificate and its key"),
        (secret, locked, "has a password"),
    ):
        status, _, errors = run("--port", 0, "--certificate", chosen, "--key", of)
        assert (status, said in errors, "Traceback" in errors) == (1, True, False), errors


def test_a_missing_extra_is_named(run: Run, monkeypatch: pytest.MonkeyPatch) -> None:
    installed = "avatar_app.system.extras.installed"
    monkeypatch.setattr(f"{installed}.is_part_of_program", lambda _names: False)
    monkeypatch.setattr(f"{installed}.is_provided", lambda name, _extras: name != "uvicorn")
    status, _, errors = run("--port", 0)
    assert status == 1
    assert "needs uvicorn, which is not installed" in errors
    assert "avatar-app extras add serve" in errors


@contextmanager
def server_process() -> Iterator[tuple[subprocess.Popen[str], str]]:
    """The command as a process of its own, and its address."""
    add_light_engines()
    chosen = [word for name, value in LIGHT.items() for word in ("--set", f"{name}={value}")]
    command = [sys.executable, "-m", "avatar_app", "serve", "--port", "0", *chosen]
    process = subprocess.Popen(command, env=os.environ, stdout=subprocess.PIPE, text=True)
    try:
        assert process.stdout is not None
        line = process.stdout.readline()
        assert line.startswith("Serving http://127.0.0.1:"), line
        yield process, line.split()[1]
    finally:
        process.kill()
        process.wait()
        process.stdout.close()


@pytest.mark.skipif(sys.platform == "win32", reason="Windows has no SIGTERM")
def test_sigterm_lets_sentences_end() -> None:
    with (
        server_process() as (process, address),
        OpenAI(api_key="none", base_url=address, timeout=PATIENCE, max_retries=0) as client,
        client.realtime.connect(model="avatar") as connection,
    ):
        talk = Talk(connection)
        talk.say("count 2")
        talk.until("response.output_audio.delta")
        process.send_signal(signal.SIGTERM)
        assert talk.answer().status == "completed"
        assert len(talk.sound) / 2 / RATE == pytest.approx(WORDS * 0.2)
        assert process.wait(PATIENCE) == 128 + signal.SIGTERM
