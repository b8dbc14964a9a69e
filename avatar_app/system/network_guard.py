"""Watches the network access of this process and its engines: logs each attempt, and refuses what
the user does not allow.

Python's audit hooks see what Python code does (connections, look-ups of names, datagrams), in this
process and in those of the engines. What libraries in machine code do, they do not see; for that
the system's own filter is asked where it can be had (network_filter).
"""

from __future__ import annotations

import atexit
import errno
import json
import mmap
import os
import socket
import sys
import threading
import time
from collections.abc import Callable
from contextlib import suppress
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

from avatar_app.core.network_access import NetworkAccess, is_loopback_host
from avatar_app.system.network_filter import seal
from avatar_app.system.network_log import LOG_FILE, open_log
from avatar_app.system.paths import AppPaths

VARIABLE = "_AVATAR_APP_NETWORK"
"""Tells child processes where the parent's state and log are."""
REFUSED = "Network access is switched off (the setting network.allowed)"
_CODES = {b"a": NetworkAccess.ALL, b"l": NetworkAccess.LOCAL, b"n": NetworkAccess.NONE}
_AGAIN = 1.0
"""Seconds in which the same attempt is logged once."""
_MOST_RECENT = 64
"""Attempts that are remembered for that."""


@dataclass(frozen=True, slots=True)
class Target:
    """Where a connection was to go."""

    what: str
    """connect, look up or send."""
    host: str
    port: int | None = None

    @property
    def address(self) -> str:
        host = f"[{self.host}]" if ":" in self.host else self.host
        return host if self.port is None else f"{host}:{self.port}"


class NetworkGuard:
    """Decides about attempts, and logs them. Never raises anything but the refusal."""

    def __init__(self, access: Callable[[], NetworkAccess], log_file: Path, process: str) -> None:
        """`access` is asked at each attempt; `process` is named in the log."""
        self._access, self._process = access, process
        self._log_file, self._log = log_file, -1
        self._lock = threading.Lock()
        self._recent: dict[tuple[Target, bool], float] = {}
        self._deciding = threading.local()
        self.sealed = False
        """The system itself refuses, until the process ends."""

    @property
    def access(self) -> NetworkAccess:
        return self._access()

    def seal(self) -> None:
        """Have the system forbid internet sockets, for libraries and children too, for good."""
        self.sealed = self.sealed or seal()

    def attempt(self, target: Target) -> None:
        """Log it; PermissionError where it is not allowed."""
        if getattr(self._deciding, "now", False):  # the settings are read for the first time
            return
        self._deciding.now = True
        try:
            allowed = allows(self._access(), target)
            self._note(target, allowed=allowed)
        finally:
            self._deciding.now = False
        if not allowed:
            raise PermissionError(errno.EACCES, REFUSED)

    def _note(self, target: Target, *, allowed: bool) -> None:
        now, key = time.monotonic(), (target, allowed)
        with self._lock:
            if now - self._recent.get(key, -_AGAIN) < _AGAIN:
                return
            self._recent[key] = now
            while len(self._recent) > _MOST_RECENT:
                del self._recent[next(iter(self._recent))]
            with suppress(OSError):  # a full disk stops nobody
                if self._log < 0:
                    self._log = open_log(self._log_file)
                entry = {
                    "at": datetime.now(UTC).isoformat(timespec="seconds"),
                    "process": self._process,
                    "what": target.what,
                    "address": target.address,
                    "allowed": allowed,
                }
                os.write(self._log, (json.dumps(entry) + "\n").encode())

    def close(self) -> None:
        with self._lock:
            if self._log >= 0:
                os.close(self._log)
                self._log = -1


def allows(access: NetworkAccess, target: Target) -> bool:
    """Whether `access` reaches as far. A proxy on this computer leads out of it."""
    if access is NetworkAccess.ALL:
        return True
    if access is NetworkAccess.NONE:
        return False
    return is_loopback_host(target.host) and not _is_proxy(target)


class _State:
    """One byte that all processes share."""

    def __init__(self, path: Path) -> None:
        with path.open("r+b") as file:
            self._byte = mmap.mmap(file.fileno(), 1)

    def get(self) -> NetworkAccess:
        return _CODES.get(self._byte[:1], NetworkAccess.NONE)

    def set(self, access: NetworkAccess) -> None:
        self._byte[:1] = access.value[:1].encode()


@dataclass(slots=True)
class _Installed:
    """The guard at work in this process; the hook itself can never be taken out."""

    guard: NetworkGuard | None = None
    state: _State | None = None
    hooked: bool = False


_installed = _Installed()


def current_guard() -> NetworkGuard | None:
    """The guard of this process."""
    return _installed.guard


def start_guard(
    access: Callable[[], NetworkAccess], paths: AppPaths, process: str = "avatar-app"
) -> NetworkGuard:
    """Watch this process from now on, and the engines' processes that it starts."""
    log_file = paths.logs / LOG_FILE
    guard = NetworkGuard(access, log_file, process)
    os.environ[VARIABLE] = json.dumps({"state": "", "log": str(log_file)})
    _install(guard)
    return guard


def stop_guard() -> None:
    """Watch no more."""
    guard, _installed.guard, _installed.state = _installed.guard, None, None
    os.environ.pop(VARIABLE, None)
    if guard is not None:
        guard.close()


def publish_access() -> None:
    """Tell the engines' processes what is allowed; before one is started, and when it changes."""
    guard = _installed.guard
    value = os.environ.get(VARIABLE)
    if guard is None or value is None:
        return
    if _installed.state is None:
        shared = json.loads(value)
        _installed.state = _new_state(Path(shared["log"]).parent)
        if _installed.state is None:
            return
        shared["state"] = str(_state_path(Path(shared["log"]).parent))
        os.environ[VARIABLE] = json.dumps(shared)
    _installed.state.set(guard.access)


def join_guard(process: str, *, needs_network: bool) -> None:
    """In an engine's process: follow the parent's guard. Where less than all is allowed, an engine
    that asks no servers is forbidden internet sockets by the system, if it can."""
    value = os.environ.get(VARIABLE)
    if value is None or _installed.guard is not None:
        return
    shared = json.loads(value)
    if not shared["state"]:
        return
    try:
        state = _State(Path(shared["state"]))
    except OSError:
        return
    guard = NetworkGuard(state.get, Path(shared["log"]), process)
    _install(guard)
    access = state.get()
    if access is NetworkAccess.NONE or (access is NetworkAccess.LOCAL and not needs_network):
        guard.seal()


def _install(guard: NetworkGuard) -> None:
    _installed.guard = guard
    if not _installed.hooked:
        _installed.hooked = True
        sys.addaudithook(_hook)


def _state_path(folder: Path) -> Path:
    return folder / f".network-{os.getpid()}"


def _new_state(folder: Path) -> _State | None:
    path = _state_path(folder)
    try:
        folder.mkdir(parents=True, exist_ok=True)
        path.write_bytes(b"n")
        state = _State(path)
    except OSError:
        return None
    atexit.register(lambda: path.unlink(missing_ok=True))
    return state


def _hook(event: str, arguments: tuple[Any, ...]) -> None:
    """Called at everything that Python audits, so it leaves at once."""
    if event[:7] != "socket." or _installed.guard is None:
        return
    target = _target(event, arguments)
    if target is not None:
        _installed.guard.attempt(target)


def _target(event: str, arguments: tuple[Any, ...]) -> Target | None:
    match event:
        case "socket.connect" | "socket.sendto" | "socket.sendmsg":
            what = "connect" if event == "socket.connect" else "send"
            address = arguments[1]
            if arguments[0].family not in (socket.AF_INET, socket.AF_INET6) or not address:
                return None
            return Target(what, _text(address[0]), int(address[1]))
        case "socket.getaddrinfo":
            host, port = arguments[0], arguments[1]
            number = port if isinstance(port, int) else None
            return Target("look up", _text(host), number) if host else None
        case "socket.gethostbyname" | "socket.gethostbyaddr":
            return Target("look up", _text(arguments[0]))
    return None


def _text(host: Any) -> str:
    return host.decode("ascii", "replace") if isinstance(host, bytes | bytearray) else str(host)


def _is_proxy(target: Target) -> bool:
    from urllib.parse import urlsplit  # slow to load, and seldom needed
    from urllib.request import getproxies

    for proxy in getproxies().values():
        parts = urlsplit(proxy if "://" in proxy else f"http://{proxy}")
        with suppress(ValueError):
            if parts.port is not None and parts.port == target.port:
                return is_loopback_host(parts.hostname or "")
    return False
