"""What all endpoints of a server use, and how they find it."""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field

from starlette.requests import HTTPConnection

from avatar_app.core.manifest import Kind
from avatar_app.server.audience import Audience
from avatar_app.server.metrics import ServerCounters
from avatar_app.server.refusal import RequestRefused
from avatar_app.server.security.limits import Limits, SessionLimiter
from avatar_app.server.security.short_tokens import ShortTokens
from avatar_app.session.served.shared_engines import SharedEngines
from avatar_app.storage.paired_devices import PairedDevices

AVATAR = "avatar"
"""The name of the model that is all engines together."""
_FOREIGN = ("gpt-", "tts-", "whisper-", "chatgpt-")
"""How names of OpenAI's own models begin, which programs send without being asked to."""


@dataclass(frozen=True, slots=True)
class ServerParts:
    """The parts of a running server."""

    engines: SharedEngines
    devices: PairedDevices
    sessions: SessionLimiter
    limits: Limits
    clock: Callable[[], float]
    """Seconds."""
    short_tokens: ShortTokens
    counters: ServerCounters = field(default_factory=ServerCounters)
    audience: Audience = field(default_factory=Audience)
    stopping: asyncio.Event = field(default_factory=asyncio.Event)
    """Set when the server stops; answers under way may end."""
    grace: float = 15.0
    """Seconds which they have."""

    addresses: Sequence[str] | None = ("127.0.0.1",)
    """Of this machine, on which pages may be called; None: on all."""
    streams: set[object] = field(default_factory=set)
    """Streams of speech that are open."""

    @property
    def is_busy(self) -> bool:
        """Whether something goes on that a stopping server lets end."""
        return bool(self.sessions.open or self.streams)

    def check_model(self, name: str, kind: Kind) -> None:
        """Refuse the name of a model that is not the one in use."""
        in_use = self.engines.manifests[kind].name
        if name in ("", AVATAR, in_use) or name.startswith(_FOREIGN):
            return
        raise RequestRefused(
            404,
            f"There is no model {name!r} for this here.",
            f"Choose {AVATAR} or {in_use}.",
            "model_not_found",
        )


def parts_of(connection: HTTPConnection) -> ServerParts:
    """Return the parts of the server that got this request."""
    parts: ServerParts = connection.app.state.parts
    return parts


def client_of(connection: HTTPConnection) -> str:
    """Return a name of the client, by which requests are queued fairly."""
    known: str | None = getattr(connection.state, "client", None)
    if known is not None:
        return known
    return connection.client.host if connection.client else "unknown"
