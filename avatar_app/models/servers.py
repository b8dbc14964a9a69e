"""Language model servers on this machine are looked for when asked; keys go into the keyring."""

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
from avatar_app.engines.dialogue.openai.wire import KEYRING, canonical
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
"""Where servers listen unless told otherwise."""
PATIENCE = 1.0
"""Seconds that all of them together are waited for."""
LONGEST_ANSWER = 4 << 20
"""Bytes of a list of models."""
NO_KEYRING = "keyring.backends.fail"
PLAIN = "keyrings.alt"
"""Keyrings that are files which anybody who reads them can read."""


@dataclass(frozen=True, slots=True)
class Server:
    """A server that answers."""

    address: str
    program: str
    """Whose port it is; another program may sit on it."""
    models: tuple[str, ...]
    needs_key: bool = False

    @property
    def settings(self) -> tuple[str, ...]:
        """What to set, so that its first model answers."""
        chosen = (f"dialogue.options.model={name}" for name in self.models[:1])
        return "dialogue.engine=openai", f"dialogue.options.address={self.address}", *chosen


def look(ports: Iterable[tuple[int, str]] = tuple(USUAL_PORTS.items())) -> tuple[Server, ...]:
    """Ask this machine's ports for their models; what has not answered in time is left out."""
    return asyncio.run(_look(ports))


async def _look(ports: Iterable[tuple[int, str]]) -> tuple[Server, ...]:
    import httpx

    async with httpx.AsyncClient(trust_env=False) as client:  # no proxy knows this machine
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
    """None for an answer that is no list of models."""
    listed = document.get("data") if isinstance(document, dict) else None
    if not isinstance(listed, list):
        return None
    names = (each.get("id") for each in listed if isinstance(each, dict))
    return tuple(name for name in names if isinstance(name, str))


def store_key(address: str, key: str) -> None:
    """Keep the key for a server in the system's keyring.

    ConfigInvalid for what is no address or no key, DeviceUnavailable where there is no keyring.
    """
    address = checked_address(address)
    if not key.isprintable() or not key.isascii() or not key.strip():
        raise ConfigInvalid("That is no key.", "Copy it again, without spaces or line ends.")
    _asked("set_password", address, key.strip())


def remove_key(address: str) -> bool:
    """Forget the key for a server; whether there was one."""
    address = checked_address(address)
    if _asked("get_password", address) is None:
        return False
    _asked("delete_password", address)
    return True


def checked_address(address: str) -> str:
    """The address as keys are kept by; ConfigInvalid if it is none."""
    try:
        parts = urlsplit(address)
        valid = parts.scheme in ("http", "https") and bool(parts.hostname)
        valid = valid and parts.username is None and (parts.port or 1) > 0
    except ValueError:
        valid = False
    if not valid:
        raise ConfigInvalid(
            f"{address!r} is no address of a server.", "Write it like  https://example.com/v1"
        )
    return canonical(address)


def is_overheard(address: str) -> bool:
    """Would a key go to another machine without encryption?"""
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
                "This system has no keyring that keeps a key safely.",
                "On Linux install gnome-keyring or KWallet; a key is never written into a file.",
            )
    try:
        return getattr(ring, method)(KEYRING, *arguments)
    except KeyringError as error:
        raise DeviceUnavailable(f"The keyring refused: {error}.", "Unlock it.") from error
