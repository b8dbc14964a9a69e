"""Reads the package indexes that pip and npm are configured to use on this machine."""

from __future__ import annotations

import ast
import base64
import os
import ssl
import subprocess
import sys
from collections.abc import Generator, Mapping
from dataclasses import dataclass, field
from importlib.util import find_spec
from pathlib import Path
from urllib.parse import unquote, urlsplit, urlunsplit

import httpx

from avatar_app.core.home import expanded
from avatar_app.models.errors import DownloadFailed

PYPI = "https://pypi.org/simple"
NPM = "https://registry.npmjs.org"
PIP_TIMEOUT = 20.0
"""Seconds to wait for pip's configuration."""
_NPM_FILES = ("~/.npmrc", "/usr/local/etc/npmrc", "/etc/npmrc")
"""The user's file and the machine's, in npm's order of precedence."""


@dataclass(frozen=True, slots=True)
class IndexConfig:
    """Configured package indexes; addresses contain no passwords."""

    pypi: tuple[str, ...] = (PYPI,)
    """Addresses of simple indexes (PEP 503), in the order of use."""
    npm: str = NPM
    certificates: tuple[Path, ...] = ()
    """Certificate files trusted in addition to the system's."""
    passwords: Mapping[str, str] = field(default_factory=dict)
    """`user:password` by `host:port` as an address writes it."""

    def trust(self) -> ssl.SSLContext:
        """Return the TLS context: the system's certificates, and those that pip and npm are
        configured to trust."""
        context = ssl.create_default_context()
        for path in self.certificates:
            try:
                context.load_verify_locations(path)
            except OSError as error:
                raise DownloadFailed(
                    f"{path} contains no readable certificates.",
                    "Look at pip's option cert and npm's cafile.",
                ) from error
        return context

    def authorization(self) -> httpx.Auth:
        return _PasswordByHost(self.passwords)


class _PasswordByHost(httpx.Auth):
    """Sends a password only to the host it belongs to, also after redirects."""

    def __init__(self, passwords: Mapping[str, str]) -> None:
        self._passwords = passwords

    def auth_flow(self, request: httpx.Request) -> Generator[httpx.Request, httpx.Response, None]:
        if password := self._passwords.get(request.url.netloc.decode()):
            token = base64.b64encode(password.encode()).decode()
            request.headers["Authorization"] = f"Basic {token}"
        yield request


def read_index_config() -> IndexConfig:
    """Read the configuration of pip and npm: their environment variables, then their files."""
    pip = _pip_options()
    addresses = [] if pip.get("no-index", "").lower() in ("1", "true", "yes", "on") else [
        *(pip.get("index-url") or PYPI).split(),
        *pip.get("extra-index-url", "").split(),
    ]  # fmt: skip
    npm = _npm_options()
    passwords: dict[str, str] = {}
    return IndexConfig(
        tuple(_without_password(each, passwords) for each in addresses if _is_web(each)),
        _without_password(npm.get("registry") or NPM, passwords),
        tuple(_files(pip.get("cert"), npm.get("cafile"), os.environ.get("NODE_EXTRA_CA_CERTS"))),
        passwords,
    )


def _pip_options() -> dict[str, str]:
    """Return pip's options for downloads; those of the environment without pip."""
    options = {
        name[4:].lower().replace("_", "-"): value
        for name, value in os.environ.items()
        if name.startswith("PIP_")
    }
    if find_spec("pip") is None:
        return options
    command = [sys.executable, "-m", "pip", "config", "list"]
    try:
        lines = subprocess.run(
            command, capture_output=True, text=True, timeout=PIP_TIMEOUT, check=True
        ).stdout.splitlines()
    except (OSError, subprocess.SubprocessError):
        return options
    stored = dict(_pip_line(line) for line in lines if "=" in line)
    for section in ("global", "download", ":env:"):
        options |= {
            name.removeprefix(f"{section}."): value
            for name, value in stored.items()
            if name.startswith(f"{section}.")
        }
    return options


def _pip_line(line: str) -> tuple[str, str]:
    """Parse `global.cert='/a/file'` as pip prints it."""
    name, _, written = line.partition("=")
    try:
        return name, str(ast.literal_eval(written))
    except (SyntaxError, ValueError):
        return name, written


def _npm_options() -> dict[str, str]:
    options: dict[str, str] = {}
    variables = {
        name[11:].lower().replace("_", "-"): value
        for name, value in os.environ.items()
        if name.lower().startswith("npm_config_")
    }
    for path in reversed((variables.get("userconfig") or _NPM_FILES[0], *_NPM_FILES[1:])):
        try:
            lines = expanded(path).read_text(encoding="utf-8").splitlines()
        except (OSError, UnicodeDecodeError, RuntimeError):  # RuntimeError: no home folder
            continue
        pairs = (line.partition("=") for line in lines if not line.lstrip().startswith(("#", ";")))
        options |= {name.strip(): _npm_value(value) for name, sign, value in pairs if sign}
    return options | variables


def _npm_value(written: str) -> str:
    return os.path.expandvars(written.strip().strip("\"'"))


def _without_password(address: str, passwords: dict[str, str]) -> str:
    """Return the address alone; its user and password, if any, are added to `passwords`."""
    parts = urlsplit(address)
    user, at, place = parts.netloc.rpartition("@")
    if at:
        passwords[place] = unquote(user)
    return urlunsplit(parts._replace(netloc=place)).rstrip("/")


def _is_web(address: str) -> bool:
    return urlsplit(address).scheme in ("http", "https")


def _files(*paths: str | None) -> list[Path]:
    given = [expanded(path) for path in paths if path]
    return list(dict.fromkeys(path for path in given if path.is_file()))
