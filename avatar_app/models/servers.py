"""Finds language model servers on this machine on request, and stores API keys in the keyring."""

from __future__ import annotations

import asyncio
import json
from collections.abc import Iterable
from dataclasses import dataclass
from types import MappingProxyType
from typing import Any
from urllib.parse import urlsplit

from avatar_app.core.errors import ConfigInvalid, DeviceUnavailable, ModelMissing
from avatar_app.core.network import is_loopback
from avatar_app.engines.dialogue.servers.keys import KEYRING, canonical
from avatar_app.system.packages import install_command

USUAL_PORTS = MappingProxyType(
    {
        11434: "Ollama",
        1234: "LM Studio",
        8080: "llama-server",
        8000: "vLLM",
        5001: "KoboldCpp",
        1337: "Jan",
    }
)
"""Default ports of servers."""
PATIENCE = 1.0
"""Seconds to wait for all of them together."""
LONGEST_ANSWER = 4 << 20
"""Maximum bytes of a list of models."""
NO_KEYRING = "keyring.backends.fail"
PLAIN = "keyrings.alt"
"""Keyrings that store keys in readable files."""


@dataclass(frozen=True, slots=True)
class Server:
    """A server that responded."""

    address: str
    program: str
    """The program that uses this port by default; another one may use it."""
    models: tuple[str, ...]
    needs_key: bool = False

    @property
    def settings(self) -> tuple[str, ...]:
        """Return the settings that make its first model answer."""
        chosen = (f"dialogue.options.model={name}" for name in self.models[:1])
        return "dialogue.engine=openai", f"dialogue.options.address={self.address}", *chosen


def look(ports: Iterable[tuple[int, str]] = tuple(USUAL_PORTS.items())) -> tuple[Server, ...]:
    """Query this machine's ports for their models; servers that do not answer in time are
    left out."""
    return asyncio.run(_look(ports))


async def _look(ports: Iterable[tuple[int, str]]) -> tuple[Server, ...]:
    import httpx

    async with httpx.AsyncClient(trust_env=False) as client:  # no proxy reaches this machine
        asked = [asyncio.create_task(_ask(client, port, name)) for port, name in ports]
        await asyncio.wait(asked, timeout=PATIENCE)
        late = [task for task in asked if task.cancel()]
        await asyncio.gather(*late, return_exceptions=True)
    found = (task.result() for task in asked if not task.cancelled())
    return tuple(server for server in found if server is not None)


async def _ask(client: Any, port: int, program: str) -> Server | None:
    import httpx

    address = f"http://127.0.0.1:{port}/v1"
    body = b""
    try:
        async with client.stream("GET", f"{address}/models", timeout=PATIENCE) as response:
            if response.status_code in (401, 403):
                return Server(address, program, (), needs_key=True)
            if response.status_code != 200:
                return None
            async for piece in response.aiter_bytes():
                body += piece
                if len(body) > LONGEST_ANSWER:
                    return None
        models = _models(json.loads(body))
    except (httpx.HTTPError, ValueError, RecursionError):
        return None
    return None if models is None else Server(address, program, models)


def _models(document: Any) -> tuple[str, ...] | None:
    """Parse a list of models; None for any other answer."""
    listed = document.get("data") if isinstance(document, dict) else None
    if not isinstance(listed, list):
        return None
    names = (each.get("id") for each in listed if isinstance(each, dict))
    return tuple(name for name in names if isinstance(name, str))


def store_key(address: str, key: str) -> None:
    """Store the key for a server in the system's keyring.

    Raises ConfigInvalid for an invalid address or key, DeviceUnavailable without a keyring.
    """
    address = checked_address(address)
    if not key.isprintable() or not key.isascii() or not key.strip():
        raise ConfigInvalid(
            "This is not a valid key.", "Copy it again, without spaces or line ends."
        )
    _asked("set_password", address, key.strip())


def remove_key(address: str) -> bool:
    """Delete the key for a server; returns whether it existed."""
    address = checked_address(address)
    if _asked("get_password", address) is None:
        return False
    _asked("delete_password", address)
    return True


def checked_address(address: str) -> str:
    """Return the address in the form used for keys; raises ConfigInvalid if it is invalid."""
    try:
        parts = urlsplit(address)
        valid = parts.scheme in ("http", "https") and bool(parts.hostname)
        valid = valid and parts.username is None and (parts.port or 1) > 0
    except ValueError:
        valid = False
    if not valid:
        raise ConfigInvalid(
            f"{address!r} is not a server address.", "Write it like  https://example.com/v1"
        )
    return canonical(address)


def is_overheard(address: str) -> bool:
    """Whether a key would go to another machine without encryption."""
    return urlsplit(address).scheme == "http" and not is_loopback(address)


def _asked(method: str, *arguments: str) -> Any:
    try:
        import keyring
        from keyring.errors import KeyringError
    except ImportError as error:
        raise ModelMissing(
            "Keys need the package keyring, which is not installed.",
            f"Type: {install_command(['keyring'])}",
        ) from error
    ring = keyring.get_keyring()
    for each in getattr(ring, "backends", [ring]):
        if type(each).__module__.startswith((NO_KEYRING, PLAIN)):
            raise DeviceUnavailable(
                "This system has no keyring that stores keys safely.",
                "On Linux install gnome-keyring or KWallet; a key is never written into a file.",
            )
    try:
        return getattr(ring, method)(KEYRING, *arguments)
    except KeyringError as error:
        raise DeviceUnavailable(f"The keyring refused: {error}.", "Unlock it.") from error
