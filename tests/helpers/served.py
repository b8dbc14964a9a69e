"""A server of the avatar on a loopback port, in a thread of the test."""

from __future__ import annotations

import threading
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

import httpx
from openai import OpenAI

from avatar_app.core.events import Noticed
from avatar_app.server.options import ServerOptions
from avatar_app.server.running import AvatarServer
from avatar_app.server.security.limits import Limits
from avatar_app.settings.loading import load_settings
from avatar_app.system.paths import app_paths

PATIENCE = 120.0
"""Seconds that a request may take on a busy machine."""
UNLIMITED = Limits(per_second=1e6, burst=10_000)
"""All clients have the same address here, and a quick machine asks quickly."""


@contextmanager
def serving(overrides: dict[str, Any] | None = None, **options: Any) -> Iterator[AvatarServer]:
    """A running server of the test's user; `overrides` of settings as on a command line."""
    settings, _ = load_settings(overrides=overrides or {})
    notices: list[Noticed] = []
    server = AvatarServer(
        settings,
        app_paths(),
        ServerOptions(**({"port": 0, "limits": UNLIMITED} | options)),
        notices.append,
    )
    assert notices == []
    thread = threading.Thread(target=server.run, name="server")
    thread.start()
    try:
        yield server
    finally:
        server.stop()
        thread.join()


@contextmanager
def client_of(server: AvatarServer, key: str = "none") -> Iterator[OpenAI]:
    """The official client, unchanged but for the address."""
    address = f"{server.address}/v1"
    with OpenAI(api_key=key, base_url=address, timeout=PATIENCE, max_retries=0) as client:
        yield client


@contextmanager
def http_of(server: AvatarServer, **headers: str) -> Iterator[httpx.Client]:
    """A plain client."""
    with httpx.Client(base_url=server.address, headers=headers, timeout=PATIENCE) as client:
        yield client
