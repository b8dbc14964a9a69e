"""A whole conversation opens no network socket: not Python, no library, no child process."""

from __future__ import annotations

import os
import shutil
import subprocess
import sys
from pathlib import Path

import pytest

from avatar_app.system.network_log import read_attempts
from avatar_app.system.paths import app_paths

WATCHER = """
import ctypes, os, sys, threading

LOG = os.open(os.environ["SOCKET_LOG"], os.O_WRONLY | os.O_APPEND | os.O_CREAT)
INTERNET = {2: "AF_INET", 10: "AF_INET6"}
EVENTS = {"socket.__new__", "socket.connect", "socket.getaddrinfo", "socket.gethostbyname"}

def tell(*words):
    os.write(LOG, (" ".join(map(str, words)) + "\\n").encode())

def audit(event, arguments):
    if event not in EVENTS:
        return
    unix = event == "socket.__new__" and arguments[1] == 1
    local = event == "socket.connect" and not isinstance(arguments[1], tuple)
    if not unix and not local:
        tell("opened", event, arguments[1:])

def domain(fd):
    value, size = ctypes.c_int(), ctypes.c_int(4)
    libc.getsockopt(fd, 1, 39, ctypes.byref(value), ctypes.byref(size))  # SOL_SOCKET, SO_DOMAIN
    return value.value

def look():
    for name in os.listdir("/proc/self/fd"):
        try:
            socket = os.readlink(f"/proc/self/fd/{name}").startswith("socket:")
        except OSError:
            continue
        if socket and domain(int(name)) in INTERNET:
            tell("opened", INTERNET[domain(int(name))], "in", sys.argv)

def watch():
    looks = 0
    while True:
        look()
        looks += 1
        if looks == 5:
            tell("watched", os.getpid())
        threading.Event().wait(0.01)

sys.addaudithook(audit)
if os.path.exists("/proc/self/fd"):
    libc = ctypes.CDLL(None)
    threading.Thread(target=watch, daemon=True).start()
"""

CONVERSATION = """
import threading
from avatar_app.session.app_session import AppSession
from avatar_app.system.paths import app_paths
from avatar_app.settings.store import SettingsStore
from avatar_app.core.events import TurnEnded

def main():
    paths = app_paths()
    settings = SettingsStore(paths.settings_file, overrides={
        "face.options.width": 96, "face.options.height": 64, "tts.options.speed": 2.0,
        "dialogue.options.talkativeness": "short"})
    session = AppSession(settings, paths)
    answered = threading.Event()
    def hear(event):
        if isinstance(event, TurnEnded) and event.user_text:
            print(event.heard_text, flush=True)
            answered.set()
    session.subscribe(hear)
    session.start()
    session.type("what time is it")
    assert answered.wait(60)
    session.close()

if __name__ == "__main__":
    main()
"""

SEALED = CONVERSATION.replace(
    "    session = AppSession(settings, paths)\n",
    """    from avatar_app.session.network_watch import watch_network
    settings.change({"network.allowed": "none"})
    guard = watch_network(settings, paths)
    assert guard.sealed == sys.platform.startswith("linux"), "not sealed"
    session = AppSession(settings, paths)
""",
).replace("import threading\n", "import sys, threading\n", 1)
"""The same, where the system refuses internet sockets to all of it."""

FOREIGN = """
import sys
from contextlib import closing
sys.path.insert(0, {helpers!r})
import mcp_servers
from avatar_app.agents.mcp.collection import McpLibrary
from avatar_app.agents.mcp.servers import McpServer
from avatar_app.agents.mcp.tools import McpTools
from avatar_app.core.values import ToolCall
from avatar_app.session.network_watch import watch_network
from avatar_app.settings.store import SettingsStore
from avatar_app.system.paths import app_paths

paths = app_paths()
settings = SettingsStore(paths.settings_file)
settings.change({{"network.allowed": "none"}})
guard = watch_network(settings, paths)
assert guard.sealed == sys.platform.startswith("linux"), "not sealed"
library = McpLibrary(paths)
server = McpServer(command=(sys.executable, mcp_servers.__file__), trusted=True)
library.add("book", server, library.look("book", server))
with closing(McpTools(paths.config, paths.mcp)) as tools:
    print(tools.call(ToolCall("book__find_address", {{"name": "Anna"}})).value["content"])
try:
    library.look("far", McpServer(url="http://192.0.2.1/mcp"))
except Exception as error:
    print(error)
""".format(helpers=str(Path(__file__).parent / "helpers"))
"""Tools of another program, where the system refuses internet sockets to both."""

INSTANCES = """
from pathlib import Path
from avatar_app.system.instance_channel import OpenRequest, Reply
from avatar_app.system.paths import app_paths
from avatar_app.system.single_instance import claim_instance

with claim_instance(app_paths().data, OpenRequest()) as first:
    first.receive(lambda request: Reply.SHOWN)
    print(claim_instance(app_paths().data, OpenRequest(Path("/a.avatar"))))
"""

DETECTION = """
from avatar_app.engines.vad.silero.engine import SileroDetector
SileroDetector()
"""

NATIVE = """
import ctypes, threading
ctypes.CDLL(None).socket(10, 2, 0)
threading.Event().wait(0.5)
"""

PYTHONS = """
import socket
socket.socket(socket.AF_INET, socket.SOCK_DGRAM).close()
"""


@pytest.fixture
def watched(tmp_path: Path) -> Path:
    """A folder whose presence on the path watches a Python process and its children."""
    (tmp_path / "watch").mkdir()
    (tmp_path / "watch/sitecustomize.py").write_text(WATCHER)
    return tmp_path


def run(folder: Path, program: str, prefix: tuple[str, ...] = ()) -> tuple[str, list[str]]:
    """What the program printed, and what the watcher told."""
    script, log = folder / "program.py", folder / "sockets.log"
    script.write_text(program)
    environment = os.environ | {
        "PYTHONPATH": os.pathsep.join([str(folder / "watch"), str(Path(__file__).parents[1])]),
        "SOCKET_LOG": str(log),
        "QT_QPA_PLATFORM": "offscreen",
    }
    done = subprocess.run(
        [*prefix, sys.executable, str(script)],
        env=environment,
        capture_output=True,
        text=True,
        timeout=100,
        check=False,
    )
    assert done.returncode == 0, done.stderr
    return done.stdout, log.read_text().splitlines() if log.exists() else []


def tracer(log: Path) -> tuple[str, ...]:
    """strace, where it is installed and allowed: it misses nothing."""
    strace = shutil.which("strace")
    if strace is None:
        return ()
    allowed = subprocess.run([strace, "-o", "/dev/null", "true"], check=False, capture_output=True)
    words = (strace, "-f", "-qq", "-e", "trace=socket", "-o", str(log))
    return words if allowed.returncode == 0 else ()


def test_a_typed_conversation_opens_no_network_socket(watched: Path) -> None:
    trace = watched / "strace.log"
    printed, told = run(watched, CONVERSATION, tracer(trace))
    assert ":" in printed  # it told the time
    assert [line for line in told if line.startswith("opened")] == []
    if Path("/proc/self/fd").exists():
        assert len({line for line in told if line.startswith("watched")}) >= 3  # children too
    if trace.exists():
        assert [line for line in trace.read_text().splitlines() if "AF_INET" in line] == []


def test_conversation_works_when_the_network_is_refused(watched: Path) -> None:
    """Nothing is attempted, so nothing is missed: engines load and answer under the seal."""
    printed, _ = run(watched, SEALED)
    assert ":" in printed
    assert read_attempts(app_paths().logs / "network.log", 100) == ()


def test_tools_of_other_programs_work_when_the_network_is_refused(watched: Path) -> None:
    printed, _ = run(watched, FOREIGN)
    found, refused = printed.splitlines()[0], printed.splitlines()[-1]
    assert found.startswith("Anna lives in Oslo.")
    assert refused.startswith("The server far at http://192.0.2.1/mcp can't be reached.")


def test_a_second_start_needs_no_network_socket(watched: Path) -> None:
    """A Unix socket in the data folder is what it uses."""
    trace = watched / "strace.log"
    printed, told = run(watched, INSTANCES, tracer(trace))
    assert printed == "Reply.SHOWN\n"
    assert [line for line in told if line.startswith("opened")] == []
    if trace.exists():
        assert "AF_UNIX" in trace.read_text()
        assert "AF_INET" not in trace.read_text()


def test_no_library_prepares_telemetry(watched: Path, monkeypatch) -> None:
    """ONNX Runtime files an identity of the machine before it sends its first report."""
    for name in ("CI", "GITHUB_ACTIONS", "ORT_DISABLE_TELEMETRY", "ORT_RUNNING_UNIT_TESTS"):
        monkeypatch.delenv(name, raising=False)
    home = watched / "home"
    home.mkdir()
    for name in ("HOME", "XDG_CACHE_HOME", "XDG_DATA_HOME", "LOCALAPPDATA"):
        monkeypatch.setenv(name, str(home))
    run(watched, DETECTION)
    assert list(home.rglob("*")) == []


@pytest.mark.skipif(not Path("/proc/self/fd").exists(), reason="needs Linux's /proc")
def test_watcher_detects_a_socket_of_a_native_library(watched: Path) -> None:
    _, told = run(watched, NATIVE)
    assert any("AF_INET6" in line for line in told)


def test_watcher_detects_a_python_socket(watched: Path) -> None:
    _, told = run(watched, PYTHONS)
    assert any("socket.__new__" in line for line in told)
