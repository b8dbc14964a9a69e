"""GET /: the page in which a browser talks with the avatar. It loads nothing from elsewhere."""

from __future__ import annotations

from pathlib import Path

from fastapi import APIRouter
from starlette.exceptions import HTTPException
from starlette.responses import Response

FOLDER = Path(__file__).parent / "static"
INDEX = "index.html"
_TYPES = {
    ".html": "text/html; charset=utf-8",
    ".css": "text/css; charset=utf-8",
    ".js": "text/javascript; charset=utf-8",
    ".svg": "image/svg+xml",
}
FILES = {each.name: each for each in sorted(FOLDER.iterdir()) if each.suffix in _TYPES}
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
}
router = APIRouter()


@router.get("/")
async def show_page() -> Response:
    """Return the page."""
    return _answer(INDEX)


@router.get("/page/{name}")
async def show_file(name: str) -> Response:
    """Return a file that the page needs."""
    if name not in FILES:
        raise HTTPException(404, "Not Found")
    return _answer(name)


def _answer(name: str) -> Response:
    kind = _TYPES[FILES[name].suffix]
    return Response(FILES[name].read_bytes(), media_type=kind, headers=HEADERS)
