"""POST /v1/devices/pair: a device gets its token for the code that is shown on this machine."""

from __future__ import annotations

import asyncio
from typing import Any

from fastapi import APIRouter, Request
from pydantic import BaseModel, Field

from avatar_app.server.parts import parts_of

router = APIRouter()


class PairingRequest(BaseModel):
    """The code, and how the device wants to be listed."""

    code: str = Field(max_length=40)
    name: str = Field(default="device", max_length=200)


@router.post("/v1/devices/pair")
async def pair_device(body: PairingRequest, request: Request) -> dict[str, Any]:
    """Return the token of a new device."""
    devices = parts_of(request).devices
    device, token = await asyncio.to_thread(devices.pair, body.code, body.name)
    return {"id": device.id, "name": device.name, "token": token}
