"""POST /v1/chat/completions: the dialogue engine answers, at once or while it writes."""

from __future__ import annotations

import json
import time
from collections.abc import AsyncGenerator
from typing import Any
from uuid import uuid4

from fastapi import APIRouter, Request
from pydantic import BaseModel, Field
from starlette.responses import JSONResponse, Response

from avatar_app.core.manifest import Kind
from avatar_app.core.values import ToolCall
from avatar_app.server.http.chat_messages import ChatMessage, FunctionTool, prompt_of
from avatar_app.server.http.speech import SSE, server_sent
from avatar_app.server.parts import client_of, parts_of
from avatar_app.server.streams import ClosingResponse, joined, started, streamed
from avatar_app.session.served.answers import answer_prompt

MOST_MESSAGES = 2_000
DONE = "data: [DONE]\n\n"

router = APIRouter()


class ChatRequest(BaseModel):
    """The body of a request, as OpenAI's clients send it. How an engine samples is a setting."""

    messages: list[ChatMessage] = Field(min_length=1, max_length=MOST_MESSAGES)
    model: str = ""
    stream: bool = False
    tools: list[FunctionTool] = []
    tool_choice: Any = "auto"


@router.post("/v1/chat/completions")
async def create_completion(body: ChatRequest, request: Request) -> Response:
    """Answer the last message."""
    parts, client = parts_of(request), client_of(request)
    parts.check_model(body.model, Kind.DIALOGUE)
    offered = [] if body.tool_choice == "none" else body.tools
    prompt = prompt_of(body.messages, offered)
    answer = await started(
        streamed(lambda turn: answer_prompt(parts.engines, client, prompt, turn), "answer")
    )
    head = {
        "id": f"chatcmpl-{uuid4().hex}",
        "created": int(time.time()),
        "model": body.model or parts.engines.manifests[Kind.DIALOGUE].name,
    }
    if body.stream:
        return ClosingResponse(_chunks(answer, head | {"object": "chat.completion.chunk"}), SSE)
    return JSONResponse(_completion(await joined(answer), head | {"object": "chat.completion"}))


def _completion(pieces: list[str | ToolCall], head: dict[str, Any]) -> dict[str, Any]:
    text = "".join(piece for piece in pieces if isinstance(piece, str))
    calls = [_called(piece) for piece in pieces if isinstance(piece, ToolCall)]
    message: dict[str, Any] = {"role": "assistant", "content": text or None, "refusal": None}
    if calls:
        message["tool_calls"] = calls
    choice = {"index": 0, "message": message, "finish_reason": _reason(bool(calls))}
    return head | {"choices": [choice]}


async def _chunks(
    answer: AsyncGenerator[str | ToolCall, None], head: dict[str, Any]
) -> AsyncGenerator[str, None]:
    called = False
    try:
        yield _chunk(head, {"role": "assistant", "content": ""})
        async for piece in answer:
            if isinstance(piece, str):
                yield _chunk(head, {"content": piece})
            else:
                yield _chunk(head, {"tool_calls": [{"index": int(called)} | _called(piece)]})
                called = True
        yield _chunk(head, {}, _reason(called))
        yield DONE
    finally:
        await answer.aclose()


def _chunk(head: dict[str, Any], delta: dict[str, Any], reason: str | None = None) -> str:
    choice = {"index": 0, "delta": delta, "finish_reason": reason}
    return server_sent(head | {"choices": [choice]})


def _called(call: ToolCall) -> dict[str, Any]:
    function = {"name": call.name, "arguments": json.dumps(call.arguments, ensure_ascii=False)}
    return {"id": f"call_{uuid4().hex[:24]}", "type": "function", "function": function}


def _reason(called: bool) -> str:  # noqa: FBT001 - it is what the name says
    return "tool_calls" if called else "stop"
