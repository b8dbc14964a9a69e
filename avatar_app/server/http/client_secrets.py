"""POST /v1/realtime/client_secrets: a short-lived token, with which a browser connects."""

from __future__ import annotations

import time
from typing import Any
from uuid import uuid4

from fastapi import APIRouter, Request

from avatar_app.server.parts import AVATAR, client_of, parts_of
from avatar_app.server.refusal import RequestRefused
from avatar_app.server.security.guard import token_of
from avatar_app.server.security.short_tokens import SHORT_PREFIX, SHORT_SECONDS

router = APIRouter()


@router.post("/v1/realtime/client_secrets")
async def create_client_secret(request: Request) -> dict[str, Any]:
    """Return a token for the client that asks, as OpenAI's API does. Where devices need tokens,
    only a device's own gets one."""
    if token_of(request.headers).startswith(SHORT_PREFIX):
        raise RequestRefused(
            403,
            "A short-lived token gets no others.",
            "Use the device's own token.",
            "invalid_api_key",
        )
    token = parts_of(request).short_tokens.issue(client_of(request))
    session = {
        "type": "realtime",
        "object": "realtime.session",
        "id": f"sess_{uuid4().hex[:20]}",
        "model": AVATAR,
    }
    expires = int(time.time() + SHORT_SECONDS)
    return {"value": token.value, "expires_at": expires, "session": session}
