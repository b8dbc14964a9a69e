"""The tools that agents are offered: speak, ask and show."""

from __future__ import annotations

from base64 import b64encode
from typing import Annotated, Any

from mcp.server.mcpserver import MCPServer
from mcp.server.mcpserver.exceptions import ToolError
from mcp.types import AudioContent, TextContent
from pydantic import Field

from avatar_app import __version__
from avatar_app.core.errors import AvatarError
from avatar_app.core.prompt import Message, Prompt, Role
from avatar_app.media.stream_encoder import StreamFormat
from avatar_app.server.http.speech import SpeechRequest, encoded_speech
from avatar_app.server.parts import ServerParts
from avatar_app.server.streams import joined, streamed
from avatar_app.session.served.answers import answer_prompt

CLIENT = "mcp"
"""As whom agents are queued for engines."""
Text = Annotated[str, Field(min_length=1, max_length=4_096)]


def make_mcp_server(parts: ServerParts) -> MCPServer[Any]:
    """Return a server whose tools use the engines and the open pages of `parts`."""
    server: MCPServer[Any] = MCPServer(
        "avatar",
        title="Avatar",
        version=__version__,
        instructions="A face and a voice on the user's own machine.",
    )
    tools = AvatarTools(parts)
    for name, tool in (
        ("avatar.speak", tools.speak),
        ("avatar.ask", tools.ask),
        ("avatar.show", tools.show),
    ):
        server.add_tool(tool, name=name, description=tool.__doc__, structured_output=False)
    return server


class AvatarTools:
    """What agents call. The docstrings are what they read."""

    def __init__(self, parts: ServerParts) -> None:
        self._parts = parts

    async def speak(self, text: Text, voice: str = "") -> list[TextContent | AudioContent]:
        """Let the avatar say a text aloud on the pages that are open. Where none is open, the
        speech is returned as an MP3 file. `voice`: of that file; empty for the usual one."""
        if count := self._parts.audience.say(text):
            return [TextContent(type="text", text=f"It is said on {_pages(count)}.")]
        body = SpeechRequest(input=text, voice=voice)
        engines = self._parts.engines
        work = streamed(
            lambda turn: encoded_speech(engines, CLIENT, body, StreamFormat.MP3, turn), "speech"
        )
        try:
            sound = b"".join(await joined(work))
        except AvatarError as error:
            raise ToolError(str(error)) from error
        data = b64encode(sound).decode()
        note = TextContent(type="text", text="No page is open; this is the speech.")
        return [note, AudioContent(type="audio", data=data, mime_type="audio/mpeg")]

    async def ask(self, question: Text) -> str:
        """Ask the avatar a question; returns what it answers, which is not spoken."""
        prompt = Prompt((Message(Role.USER, question),))
        engines = self._parts.engines
        work = streamed(lambda turn: answer_prompt(engines, CLIENT, prompt, turn), "answer")
        try:
            pieces = await joined(work)
        except AvatarError as error:
            raise ToolError(str(error)) from error
        return "".join(piece for piece in pieces if isinstance(piece, str)).strip()

    async def show(self, text: Text) -> str:
        """Show a text on the pages that are open, beside the conversation, without saying it."""
        count = self._parts.audience.show(text)
        if not count:
            raise ToolError("Nobody has the avatar's page open. Use avatar.speak, or ask the user.")
        return f"It is shown on {_pages(count)}."


def _pages(count: int) -> str:
    return "one page" if count == 1 else f"{count} pages"
