"""Agents speak, ask and show by the Model Context Protocol: the SDK's own client is answered."""

from __future__ import annotations

import asyncio
import json
from base64 import b64decode
from io import BytesIO

import av
import pytest
from mcp import Client
from served import PATIENCE, http_of, serving
from served_engines import LIGHT, add_light_engines
from websockets.sync.client import ClientConnection, connect

from avatar_app.server.running import AvatarServer

pytestmark = pytest.mark.usefixtures("loopback", "user_engines_forgotten")
INITIALIZE = {
    "jsonrpc": "2.0",
    "id": 1,
    "method": "initialize",
    "params": {
        "protocolVersion": "2025-11-25",
        "capabilities": {},
        "clientInfo": {"name": "test", "version": "1"},
    },
}
ACCEPT = {"Accept": "application/json, text/event-stream"}


def message(page: ClientConnection, kind: str) -> dict[str, str]:
    while True:
        data = page.recv(PATIENCE)
        if isinstance(data, str) and (found := json.loads(data))["type"] == kind:
            return dict(found)


async def use_the_tools(server: AvatarServer) -> None:
    async with Client(f"{server.address}/mcp", read_timeout_seconds=PATIENCE) as client:
        tools = (await client.list_tools()).tools
        assert [tool.name for tool in tools] == ["avatar.speak", "avatar.ask", "avatar.show"]
        assert all(tool.description for tool in tools)
        answer = await client.call_tool("avatar.ask", {"question": "hello"})
        assert (answer.content[0].text, answer.is_error) == ("You said hello.", False)
        nobody = await client.call_tool("avatar.show", {"text": "x"})
        assert nobody.is_error
        assert "Nobody" in nobody.content[0].text
        speech = (await client.call_tool("avatar.speak", {"text": "one two three"})).content[1]
        assert speech.mime_type == "audio/mpeg"
        with av.open(BytesIO(b64decode(speech.data))) as sound:
            seconds = sum(frame.samples / frame.rate for frame in sound.decode(audio=0))
        assert seconds == pytest.approx(0.6, abs=0.15)
        wrong = await client.call_tool("avatar.speak", {"text": "one", "voice": "nobody"})
        assert "nobody" in wrong.content[0].text
        await use_a_page(server, client)


async def use_a_page(server: AvatarServer, client: Client) -> None:
    address = server.address.replace("http", "ws") + "/v1/face"
    with connect(address, max_size=None) as page:
        await asyncio.to_thread(message, page, "ready")
        shown = await client.call_tool("avatar.show", {"text": "Look here."})
        assert shown.content[0].text == "It is shown on one page."
        assert (await asyncio.to_thread(message, page, "note"))["text"] == "Look here."
        said = await client.call_tool("avatar.speak", {"text": "Dinner is ready."})
        assert said.content[0].text == "It is said on one page."
        assert (await asyncio.to_thread(message, page, "ended"))["heard"] == "Dinner is ready."


def test_the_official_client_uses_the_tools() -> None:
    add_light_engines()
    with serving(LIGHT) as server:
        asyncio.run(use_the_tools(server))


def test_agents_pass_the_same_guard_as_others() -> None:
    add_light_engines()
    with serving(LIGHT, needs_token=True) as server, http_of(server, **ACCEPT) as http:
        assert http.post("/mcp", json=INITIALIZE).status_code == 401
        evil = {"Origin": "https://evil.example"}
        assert http.post("/mcp", json=INITIALIZE, headers=evil).status_code == 403
        code = server.parts.devices.begin_pairing()
        paired = http.post("/v1/devices/pair", json={"code": code, "name": "agent"}).json()
        http.headers["Authorization"] = f"Bearer {paired['token']}"
        assert http.post("/mcp", json=INITIALIZE).json()["result"]["serverInfo"]["name"] == "avatar"
        assert http.post("/mcp", content=b"{").status_code == 400
