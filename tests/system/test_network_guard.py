"""What is not allowed is refused, in this process, in engines' processes, and in machine code."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from pathlib import Path

import pytest

from avatar_app.core.network_access import ALLOW_NETWORK, NetworkAccess, is_loopback_host
from avatar_app.system.network_guard import Target, allows
from avatar_app.system.network_log import LARGEST, open_log, read_attempts
from avatar_app.system.paths import app_paths

LINUX = sys.platform.startswith("linux")
SHARED = """
import ctypes, errno, json, os, socket, subprocess, sys, threading
from avatar_app.core.network_access import NetworkAccess
from avatar_app.system.network_guard import publish_access, start_guard
from avatar_app.system.paths import app_paths

ELSEWHERE = ("192.0.2.1", 9)  # RFC 5737: nobody has it

def outcome(work):
    try:
        work()
    except PermissionError:
        return "refused"
    except OSError as error:
        return "tried"
    return "done"

def connect(address):
    with socket.socket() as client:
        client.settimeout(0.2)
        client.connect(address)

def send(address):
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as client:
        client.sendto(b"x", address)

def native():
    libc = ctypes.CDLL(None, use_errno=True)
    if libc.socket(2, 1, 0) < 0:
        raise PermissionError(ctypes.get_errno(), "socket")

def server():
    listening = socket.create_server(("127.0.0.1", 0))
    return listening, listening.getsockname()
"""
LOCAL = (
    SHARED
    + """
guard = start_guard(lambda: NetworkAccess.LOCAL, app_paths())
listening, here = server()
os.environ["HTTPS_PROXY"] = f"http://127.0.0.1:{here[1] + 1}"
print(json.dumps({
    "here": outcome(lambda: connect(here)),
    "localhost": outcome(lambda: socket.getaddrinfo("localhost", here[1])),
    "elsewhere": outcome(lambda: connect(ELSEWHERE)),
    "datagram": outcome(lambda: send(ELSEWHERE)),
    "name": outcome(lambda: socket.getaddrinfo("example.com", 443)),
    "old name": outcome(lambda: socket.gethostbyname("example.com")),
    "proxy": outcome(lambda: connect(("127.0.0.1", here[1] + 1))),
    "native": outcome(native),
}))
"""
)
SEALED = (
    SHARED
    + """
guard = start_guard(lambda: NetworkAccess.NONE, app_paths())
listening, here = server()
waiting, found = threading.Event(), []
early = threading.Thread(target=lambda: (waiting.wait(), found.append(outcome(native))))
early.start()
guard.seal()
waiting.set()
early.join()
child = "import socket; socket.socket()"
one, other = socket.socketpair(socket.AF_UNIX)
print(json.dumps({
    "sealed": guard.sealed,
    "native": outcome(native),
    "thread": found[0],
    "child": subprocess.run([sys.executable, "-c", child], capture_output=True).returncode,
    "unix": outcome(lambda: one.send(b"x")),
    "here": outcome(lambda: socket.socket(socket.AF_INET6)),
}))
"""
)
ENGINE = """
import ctypes, socket

class Leaky:
    def __init__(self, **options): ...
    def configure(self, **options): ...
    def close(self): ...
    def reply(self, prompt, turn):
        try:
            with socket.socket() as client:
                client.settimeout(0.2)
                client.connect(("192.0.2.1", 9))
        except PermissionError:
            yield "refused "
        except OSError:
            yield "tried "
        yield "native" if ctypes.CDLL(None).socket(2, 1, 0) >= 0 else "sealed"
"""
MANIFEST = """
name: {name}
kind: dialogue
entry: engine:Leaky
title: {title}
summary: Tries to reach somebody.
license: GPL-3.0-or-later
isolation: process
needs: {{network: {network}}}
"""
ENGINES = (
    SHARED
    + """
from avatar_app.core.manifest import Kind
from avatar_app.core.prompt import Prompt
from avatar_app.core.turn import Turn
from avatar_app.runtime.engine_set import create_engine
from avatar_app.runtime.registry import Registry

def main():
    access = [NetworkAccess.ALL]
    start_guard(lambda: access[0], app_paths())
    registry = Registry()
    prompt = Prompt(())
    def ask(engine):
        return "".join(engine.reply(prompt, Turn(1)))
    def opened(name):
        return create_engine(registry, registry.find(Kind.DIALOGUE, name), {})
    free = opened("leaky")
    said = {"free": ask(free)}
    access[0] = NetworkAccess.LOCAL
    publish_access()
    said["switched"] = ask(free)
    closed, client = opened("leaky"), opened("client")
    said["local"], said["client"] = ask(closed), ask(client)
    access[0] = NetworkAccess.ALL
    publish_access()
    said["open again"] = ask(client)
    for engine in (free, closed, client):
        engine.close()
    print(json.dumps(said))

if __name__ == "__main__":
    main()
"""
)


def run(program: str, folder: Path) -> dict[str, object]:
    """What a program of its own found out."""
    script = folder / "program.py"
    script.write_text(program)
    environment = {name: value for name, value in os.environ.items() if "PROXY" not in name.upper()}
    done = subprocess.run(
        [sys.executable, str(script)],
        env=environment | {"PYTHONPATH": os.pathsep.join(sys.path)},
        capture_output=True,
        text=True,
        timeout=120,
        check=False,
    )
    assert done.returncode == 0, done.stderr
    found: dict[str, object] = json.loads(done.stdout)
    return found


def logged() -> set[tuple[str, str, str, bool]]:
    attempts = read_attempts(app_paths().logs / "network.log", 1000)
    return {(each.process, each.what, each.address, each.allowed) for each in attempts}


@pytest.mark.parametrize(
    ("host", "reach"),
    [
        *[(host, "here") for host in ("127.0.0.1", "127.9.9.9", "::1", "localhost", "a.localhost")],
        *[(host, "here") for host in ("0.0.0.0", "::ffff:127.0.0.1", "::1%lo")],
        *[(host, "out") for host in ("192.0.2.1", "::ffff:192.0.2.1", "example.com", "", "1")],
        *[(host, "out") for host in ("127.0.0.1.example.com", "localhost.example.com")],
    ],
)
def test_addresses_of_this_computer_are_recognized(host: str, reach: str) -> None:
    assert is_loopback_host(host) is (reach == "here")
    assert allows(NetworkAccess.LOCAL, Target("connect", host, 80)) is (reach == "here")
    assert allows(NetworkAccess.ALL, Target("connect", host, 80))
    assert not allows(NetworkAccess.NONE, Target("connect", host, 80))


def test_only_loopback_is_reachable_and_attempts_are_logged(tmp_path: Path) -> None:
    found = run(LOCAL, tmp_path)
    assert found.pop("native") == "done"  # this the hook can't see
    assert found.pop("here") == "done"
    assert found.pop("localhost") == "done"
    assert set(found.values()) == {"refused"}
    attempts = logged()
    assert ("avatar-app", "connect", "192.0.2.1:9", False) in attempts
    assert ("avatar-app", "send", "192.0.2.1:9", False) in attempts
    assert ("avatar-app", "look up", "example.com:443", False) in attempts
    assert any(what == "connect" and allowed for _, what, _, allowed in attempts)


@pytest.mark.skipif(not LINUX, reason="seccomp is Linux's")
def test_kernel_filter_covers_native_code_threads_and_children(tmp_path: Path) -> None:
    found = run(SEALED, tmp_path)
    assert found == {
        "sealed": True,
        "native": "refused",
        "thread": "refused",
        "child": 1,
        "unix": "done",
        "here": "refused",
    }


def test_engine_processes_follow_policy_changes(tmp_path: Path) -> None:
    for name, title, network in (("leaky", "Leaky", "false"), ("client", "Client", "true")):
        folder = app_paths().engines / "dialogue" / name
        folder.mkdir(parents=True)
        (folder / "engine.py").write_text(ENGINE)
        manifest = MANIFEST.format(name=name, title=title, network=network)
        (folder / "manifest.yaml").write_text(manifest)
    found = run(ENGINES, tmp_path)
    assert found["free"] == "tried native"
    assert found["switched"] == "refused native"
    assert found["local"] == ("refused sealed" if LINUX else "refused native")
    assert found["client"] == "refused native"  # it may reach servers here
    assert found["open again"] == "tried native"
    attempts = logged()
    assert ("Leaky", "connect", "192.0.2.1:9", True) in attempts
    assert ("Client", "connect", "192.0.2.1:9", False) in attempts


ASKED = (
    SHARED
    + """
import httpx
from avatar_app.core.errors import AvatarError
from avatar_app.core.manifest import Kind
from avatar_app.core.prompt import Message, Prompt, Role
from avatar_app.core.turn import Turn
from avatar_app.models.network_errors import of_transport
from avatar_app.runtime.engine_set import create_engine
from avatar_app.runtime.registry import Registry

def main():
    start_guard(lambda: NetworkAccess.LOCAL, app_paths())
    registry = Registry()
    options = {"address": "https://api.example.com/v1", "model": "x"}
    engine = create_engine(registry, registry.find(Kind.DIALOGUE, "openai"), options)
    said = {}
    try:
        list(engine.reply(Prompt((Message(Role.USER, "hi"),)), Turn(1)))
    except AvatarError as error:
        said["server"] = str(error)
    engine.close()
    try:
        httpx.get("https://models.example.com/")
    except httpx.HTTPError as error:
        said["download"] = str(of_transport(error, "https://models.example.com/"))
    print(json.dumps(said))

if __name__ == "__main__":
    main()
"""
)


def test_a_refusal_says_how_to_allow_the_connection(tmp_path: Path) -> None:
    found = run(ASKED, tmp_path)
    assert found == {
        "server": f"Connections to https://api.example.com/v1 are not allowed. {ALLOW_NETWORK}",
        "download": f"Connections to models.example.com are not allowed. {ALLOW_NETWORK}",
    }
    assert [each for each in logged() if each[0] == "Language model server"] == [
        ("Language model server", "look up", "api.example.com:443", False)
    ]


def test_log_is_rotated_and_damaged_lines_are_skipped(tmp_path: Path) -> None:
    path = tmp_path / "network.log"
    path.write_bytes(b"x" * (LARGEST + 1))
    os.close(open_log(path))
    assert path.stat().st_size == 0
    entry = {"at": "2026-01-02T03:04:05+00:00", "process": "p", "what": "connect"}
    good = json.dumps(entry | {"address": "a:1", "allowed": True})
    path.write_text(f"{good}\n{{}}\n\x00\n{good.replace('a:1', 'b:2')}\n")
    assert [each.address for each in read_attempts(path, 10)] == ["b:2", "a:1"]
    assert read_attempts(tmp_path / "nothing", 10) == ()
