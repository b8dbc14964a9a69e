"""GET /v1/models: the engines in use, as models."""

from __future__ import annotations

from typing import Any

from fastapi import APIRouter, Request

from avatar_app.server.parts import AVATAR, parts_of
from avatar_app.server.refusal import RequestRefused

router = APIRouter()


@router.get("/v1/models")
async def list_models(request: Request) -> dict[str, Any]:
    """Return all models that requests can name."""
    return {"object": "list", "data": [_model(name) for name in _names(request)]}


@router.get("/v1/models/{name}")
async def show_model(name: str, request: Request) -> dict[str, Any]:
    """Return one model."""
    if name not in _names(request):
        raise RequestRefused(
            404, f"There is no model {name!r} here.", "GET /v1/models lists all.", "model_not_found"
        )
    return _model(name)


@router.get("/v1/audio/voices")
async def list_voices(request: Request) -> dict[str, Any]:
    """Return the voices that /v1/audio/speech can speak with."""
    return {"voices": [{"id": name, "name": name} for name in parts_of(request).engines.voices()]}


def _names(request: Request) -> list[str]:
    manifests = parts_of(request).engines.manifests.values()
    return [AVATAR, *sorted({manifest.name for manifest in manifests})]


def _model(name: str) -> dict[str, Any]:
    return {"id": name, "object": "model", "created": 0, "owned_by": "avatar-app"}
