"""GET /health and /metrics: whether the server works, and how much it has to do."""

from __future__ import annotations

from collections.abc import Iterator

from fastapi import APIRouter, Request
from starlette.responses import JSONResponse, PlainTextResponse, Response

from avatar_app import __version__
from avatar_app.server.metrics import ServerFigure, as_prometheus
from avatar_app.server.parts import ServerParts, parts_of

router = APIRouter()


@router.get("/health")
async def show_health(request: Request) -> Response:
    """Return 200 while the server takes new work, 503 while it stops."""
    parts = parts_of(request)
    stopping = parts.stopping.is_set()
    described = {
        "status": "stopping" if stopping else "ok",
        "version": __version__,
        "sessions": parts.sessions.open,
        "most_sessions": parts.sessions.most,
    }
    return JSONResponse(described, 503 if stopping else 200)


@router.get("/metrics")
async def show_metrics(request: Request) -> Response:
    """Return all figures in the text format of Prometheus."""
    parts = parts_of(request)
    text = as_prometheus([*_of_sessions(parts), *_of_engines(parts), *parts.counters.metrics()])
    return PlainTextResponse(text, media_type="text/plain; version=0.0.4")


def _of_sessions(parts: ServerParts) -> Iterator[ServerFigure]:
    yield ServerFigure("sessions", "Conversations that are under way.", parts.sessions.open)
    yield ServerFigure("sessions_most", "Conversations at once, at most.", parts.sessions.most)


def _of_engines(parts: ServerParts) -> Iterator[ServerFigure]:
    for kind, pool in parts.engines.pools.items():
        labels = {"kind": kind.value}
        yield ServerFigure("engines_loaded", "Replicas in memory.", pool.loaded, labels)
        yield ServerFigure(
            "engines_waiting", "Requests that wait for a replica.", pool.waiting, labels
        )
