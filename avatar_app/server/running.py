"""Starts the server on an address, and stops it when its clients have heard the end."""

from __future__ import annotations

import asyncio
import logging
import socket
from collections.abc import Callable, Iterable, Sequence
from concurrent.futures import Executor, ThreadPoolExecutor
from contextlib import ExitStack
from functools import partial
from typing import TYPE_CHECKING, Protocol

import uvicorn

from avatar_app.core.errors import DeviceUnavailable, InputInvalid
from avatar_app.core.events import Noticed
from avatar_app.core.real_time import real_seconds
from avatar_app.server.app import PATHS, make_app
from avatar_app.server.connections import LimitedConnection
from avatar_app.server.metrics import ServerCounters
from avatar_app.server.options import ServerOptions
from avatar_app.server.parts import ServerParts
from avatar_app.server.security.guard import Access
from avatar_app.server.security.hosts import HostCheck
from avatar_app.server.security.limits import ClientLimiter, SessionLimiter
from avatar_app.server.security.short_tokens import SHORT_PREFIX, ShortTokens
from avatar_app.server.tasks import begun
from avatar_app.session.served.shared_engines import SharedEngines
from avatar_app.settings.schema import Settings
from avatar_app.storage.believed_time import believed_time
from avatar_app.storage.paired_devices import PairedDevices
from avatar_app.storage.syntheses import Synthesis, SynthesisLog
from avatar_app.system.heap import return_freed, share_heaps
from avatar_app.system.paths import AppPaths

if TYPE_CHECKING:
    from avatar_app.server.wyoming_service.listener import WyomingListener

GRACE = 20
"""Seconds in which answers under way may end when the server stops."""
_LOOK = 0.05
"""Seconds between two looks at what is still under way."""
TRIM_EVERY = 60.0
"""Seconds between two looks for replicas that nobody uses."""
QUEUED = 256
"""Connections that may wait to be accepted."""


class Service(Protocol):
    """What is served beside HTTP, in the same loop."""

    async def start(self) -> None:
        """Begin to serve."""

    async def close(self) -> None:
        """Serve nobody any more."""


class AvatarServer:
    """The engines, and the server that lends them. Opening takes as long as the engines do."""

    def __init__(
        self,
        settings: Settings,
        paths: AppPaths,
        options: ServerOptions,
        notice: Callable[[Noticed], None],
    ) -> None:
        options.check()
        share_heaps()
        self._options = options
        with ExitStack() as opened:
            self._socket = opened.enter_context(listening_socket(options.host, options.port))
            engines = SharedEngines(
                settings, paths, notice, options.sessions, options.voices, on_ray=options.on_ray
            )
            opened.callback(engines.close)
            engines.load()
            devices = PairedDevices.of(paths)
            opened.callback(devices.close)
            log = SynthesisLog.of(paths)
            opened.callback(log.close)
            log.prune(settings.history.days, believed_time(paths))
            writer = opened.enter_context(ThreadPoolExecutor(1, "syntheses"))
            sessions = SessionLimiter(options.sessions)
            short = ShortTokens(real_seconds)
            self.parts = ServerParts(
                engines,
                devices,
                sessions,
                options.limits,
                real_seconds,
                short,
                addresses=options.addresses,
            )
            engines.synthesized = partial(_note, log, writer, self.parts.counters)
            app = make_app(self.parts, _access(options, self.parts))
            self.wyoming = self._wyoming(opened)
            services: list[Service] = [self.wyoming] if self.wyoming is not None else []
            if options.mcp:
                services.append(self._agent())
            self._server = _GracefulServer(_config(app, options), self.parts, services)
            self._opened = opened.pop_all()

    def _wyoming(self, opened: ExitStack) -> WyomingListener | None:
        options = self._options
        if options.wyoming is None:
            return None
        from avatar_app.server.wyoming_service.listener import WyomingListener

        listening = opened.enter_context(listening_socket(options.host, options.wyoming))
        return WyomingListener(self.parts, listening)

    def _agent(self) -> Service:
        from avatar_app.server.mcp_service.stdio import StdioAgent

        return StdioAgent(self.parts, self.stop)

    @property
    def address(self) -> str:
        """Return the address of the server, for clients on this machine."""
        host, port = self._socket.getsockname()[:2]
        shown = f"[{host}]" if ":" in host else host
        return f"http{'s' if self._options.certificate else ''}://{shown}:{port}"

    def run(self) -> None:
        """Serve until `stop`, or Ctrl+C in the main thread; answers under way may end."""
        logging.getLogger("uvicorn.error").addFilter(_is_news)
        try:
            self._server.run(sockets=[self._socket])
        finally:
            self._opened.close()

    def stop(self) -> None:
        """Let `run` return; thread-safe."""
        self._server.should_exit = True


def _is_news(record: logging.LogRecord) -> bool:
    """Whether a record of uvicorn is more than that a client was refused or given up."""
    return "without completing" not in str(record.msg)


class _GracefulServer(uvicorn.Server):
    """Lets answers under way end before it closes connections."""

    def __init__(
        self, config: uvicorn.Config, parts: ServerParts, services: Sequence[Service]
    ) -> None:
        super().__init__(config)
        self._parts, self._services = parts, services
        self._trimming: asyncio.Task[None] | None = None

    async def startup(self, sockets: list[socket.socket] | None = None) -> None:
        await super().startup(sockets)
        for service in self._services:
            await service.start()
        self._trimming = begun(self._trim(), "trimming")

    async def _trim(self) -> None:
        """Free memory that nobody needs any more, now and then."""
        while True:
            await asyncio.sleep(TRIM_EVERY)
            trimming = begun(asyncio.to_thread(self._parts.engines.trim), "closing unused replicas")
            await asyncio.wait([trimming])  # one that fails does not end the next one
            await asyncio.to_thread(return_freed)

    async def shutdown(self, sockets: list[socket.socket] | None = None) -> None:
        if self._trimming is not None:
            self._trimming.cancel()
        for server in self.servers:
            server.close()
        self._parts.stopping.set()
        end = self._parts.clock() + self._parts.grace + 1.0
        while self._parts.is_busy and self._parts.clock() < end and not self.force_exit:
            await asyncio.sleep(_LOOK)
        for service in self._services:
            await service.close()
        await super().shutdown(sockets)


def listening_socket(host: str, port: int) -> socket.socket:
    """Return a socket that listens. Raises DeviceUnavailable where the port is taken."""
    family = socket.AF_INET6 if ":" in host else socket.AF_INET
    # asyncio switches Nagle off for sockets that name TCP alone: pieces would wait for 40 ms
    listening = socket.socket(family, socket.SOCK_STREAM, socket.IPPROTO_TCP)
    try:
        listening.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        listening.bind((host, port))
        listening.listen(QUEUED)
    except OSError as error:
        listening.close()
        raise DeviceUnavailable(
            f"The server cannot listen on {host}, port {port}: {error.strerror}.",
            "Choose another --port, or end the program that uses it.",
        ) from error
    return listening


def _note(
    log: SynthesisLog, writer: Executor, counters: ServerCounters, synthesis: Synthesis
) -> None:
    """Count a synthesis, and record it; no voice waits for the disk."""
    if synthesis.first_ms is not None:
        counters.count_first_sound(synthesis.first_ms / 1000)
    writer.submit(_record, log, synthesis)


def _record(log: SynthesisLog, synthesis: Synthesis) -> None:
    try:
        log.add(synthesis)
    except InputInvalid as error:
        logging.getLogger(__name__).info("a synthesis is not recorded: %s", error)


def _access(options: ServerOptions, parts: ServerParts) -> Access:
    def owner(token: str) -> str | None:
        if token.startswith(SHORT_PREFIX):
            short = parts.short_tokens.owner_of(token)
            return short if any(each.id == short for each in parts.devices.all()) else None
        device = parts.devices.owner_of(token)
        return device.id if device else None

    needs_token = not options.is_local if options.needs_token is None else options.needs_token
    return Access(
        HostCheck(_names(options)),
        owner,
        needs_token,
        options.limits,
        ClientLimiter(options.limits, real_seconds),
        parts.counters.count_request,
        PATHS,
    )


def _names(options: ServerOptions) -> Iterable[str]:
    if options.is_local:
        return options.names
    own = socket.gethostname()
    return (options.host, own, f"{own}.local", *options.names)


def _config(app: object, options: ServerOptions) -> uvicorn.Config:
    return uvicorn.Config(
        app,  # type: ignore[arg-type]  # an ASGI application
        log_config=None,
        log_level="error",  # what clients do wrong is no event of this machine
        access_log=False,
        server_header=False,
        date_header=False,
        http=partial(LimitedConnection, options.limits),  # type: ignore[arg-type]  # makes one
        ws="websockets-sansio",
        ws_per_message_deflate=False,  # pictures and sound do not shrink
        ws_max_size=2 * options.limits.message,
        ws_ping_interval=20.0,
        ws_ping_timeout=20.0,
        lifespan="off",
        proxy_headers=False,
        timeout_graceful_shutdown=GRACE,
        ssl_certfile=options.certificate,
        ssl_keyfile=options.key,
    )
