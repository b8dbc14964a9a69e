"""GET /: the page in which a browser talks with the avatar. It loads nothing from elsewhere."""

from __future__ import annotations

import asyncio

from fastapi import APIRouter
from starlette.exceptions import HTTPException
from starlette.requests import HTTPConnection, Request
from starlette.responses import Response

from avatar_app.server.page.texts import FOLDER, language_of, page_in, script_in

INDEX, TEXTS = "index.html", "texts.js"
_TYPES = {
    ".html": "text/html; charset=utf-8",
    ".css": "text/css; charset=utf-8",
    ".js": "text/javascript; charset=utf-8",
    ".svg": "image/svg+xml",
}
FILES = {
    each.name: each
    for each in sorted(FOLDER.iterdir())
    if each.suffix in _TYPES and each.name != INDEX
}
"""By name, so that no path leads elsewhere."""
POLICY = "; ".join(
    (
        "default-src 'none'",
        "script-src 'self'",
        "style-src 'self'",
        "img-src 'self' blob:",
        "media-src 'self' blob: mediastream:",
        "connect-src 'self'",
        "worker-src 'self'",
        "base-uri 'none'",
        "form-action 'none'",
        "frame-ancestors 'none'",
    )
)
HEADERS = {
    "Content-Security-Policy": POLICY,
    "X-Content-Type-Options": "nosniff",
    "Referrer-Policy": "no-referrer",
    "Permissions-Policy": "microphone=(self), camera=()",
    "Cache-Control": "no-cache",
    "Vary": "Accept-Language",
}
router = APIRouter()


@router.get("/")
async def show_page(request: Request) -> Response:
    """Return the page in the browser's language."""
    page = await asyncio.to_thread(page_in, asked_language(request), FOLDER / INDEX)
    return _answer(page, INDEX)


@router.get(f"/page/{TEXTS}")
async def show_texts(request: Request) -> Response:
    """Return the texts of the page's scripts in the browser's language."""
    return _answer(await asyncio.to_thread(script_in, asked_language(request)), TEXTS)


@router.get("/page/{name}")
async def show_file(name: str) -> Response:
    """Return a file that the page needs."""
    if name not in FILES:
        raise HTTPException(404, "Not Found")
    return _answer(FILES[name].read_bytes(), name)


def asked_language(connection: HTTPConnection) -> str:
    """Return the code of the language in which the page is shown to a browser."""
    return language_of(connection.headers.get("accept-language", ""))


def _answer(content: str | bytes, name: str) -> Response:
    kind = _TYPES[f".{name.rpartition('.')[2]}"]
    return Response(content, media_type=kind, headers=HEADERS)
