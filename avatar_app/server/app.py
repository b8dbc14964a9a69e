"""Joins the endpoints of the server, their errors and the guard before them."""

from __future__ import annotations

from typing import Any

from fastapi import FastAPI
from fastapi.exceptions import RequestValidationError
from starlette.exceptions import HTTPException
from starlette.requests import Request
from starlette.responses import JSONResponse
from starlette.routing import Route, WebSocketRoute
from starlette.types import ASGIApp

from avatar_app import __version__
from avatar_app.core.errors import AvatarError
from avatar_app.server import speech_stream
from avatar_app.server.http import (
    chat,
    client_secrets,
    devices,
    health,
    models,
    speech,
    transcriptions,
)
from avatar_app.server.mcp_service.door import PATH, McpDoor
from avatar_app.server.page import endpoint as page
from avatar_app.server.page import files as page_files
from avatar_app.server.parts import ServerParts
from avatar_app.server.realtime import endpoint as realtime
from avatar_app.server.refusal import INVALID, RequestRefused, error_of, status_of
from avatar_app.server.security.guard import Access, Guard

_ROUTE = (Route, WebSocketRoute)
ROUTERS = (
    models.router,
    speech.router,
    transcriptions.router,
    chat.router,
    devices.router,
    client_secrets.router,
    speech_stream.router,
    realtime.router,
    page.router,
    page_files.router,
    health.router,
)

PATHS = frozenset(
    (
        PATH,
        *(f"/page/{name}" for name in page_files.FILES),
        *(each.path for router in ROUTERS for each in router.routes if isinstance(each, _ROUTE)),
    )
)
"""Of all endpoints; those with a name in braces match no request."""


def make_app(parts: ServerParts, access: Access) -> ASGIApp:
    """Return the server as an ASGI application."""
    app = FastAPI(title="Avatar", version=__version__, docs_url=None, redoc_url=None)
    app.state.parts = parts
    for router in ROUTERS:
        app.include_router(router)
    app.router.routes.append(Route(PATH, McpDoor(parts)))
    app.add_exception_handler(AvatarError, _explain)
    app.add_exception_handler(RequestValidationError, _explain_validation)
    app.add_exception_handler(HTTPException, _explain_http)
    return Guard(app, access)


async def _explain(_request: Request, error: Exception) -> JSONResponse:
    assert isinstance(error, AvatarError)
    return JSONResponse({"error": error_of(error)}, status_of(error))


async def _explain_validation(_request: Request, error: Exception) -> JSONResponse:
    assert isinstance(error, RequestValidationError)
    first: dict[str, Any] = dict(error.errors()[0])
    param = ".".join(str(part) for part in first["loc"] if part != "body")
    message = f"{param or 'The request'}: {first['msg']}."
    described = {"message": message, "type": INVALID, "param": param or None, "code": None}
    return JSONResponse({"error": described}, 400)


async def _explain_http(request: Request, error: Exception) -> JSONResponse:
    assert isinstance(error, HTTPException)
    if isinstance(error.__cause__, AvatarError):
        return await _explain(request, error.__cause__)
    refused = RequestRefused(error.status_code, f"{error.detail}: {request.url.path}")
    return JSONResponse({"error": error_of(refused)}, error.status_code)
