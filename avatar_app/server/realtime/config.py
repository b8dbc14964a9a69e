"""The configuration of a realtime session, as clients read and change it."""

from __future__ import annotations

from typing import Annotated, Any, Literal

from pydantic import BaseModel, ConfigDict, Field, ValidationError

from avatar_app.core.errors import InputInvalid
from avatar_app.core.prompt import ToolDescription
from avatar_app.server.http.speech import FOREIGN_VOICES
from avatar_app.session.served.conversation import EndOfTurn, TurnPolicy
from avatar_app.session.served.shared_engines import VoiceRequest

RATE = 24_000
"""Samples per second in both directions."""
MOST_INSTRUCTIONS, MOST_TOOLS = 32_000, 128


class _Open(BaseModel):
    """Fields that are not known here change nothing."""

    model_config = ConfigDict(extra="ignore")


class PcmFormat(_Open):
    """16-bit integers, mono, little-endian."""

    type: Literal["audio/pcm"] = "audio/pcm"
    rate: Literal[24_000] = 24_000


class ServerVad(_Open):
    """Silence ends a turn."""

    type: Literal["server_vad"] = "server_vad"
    threshold: float = 0.5
    prefix_padding_ms: Annotated[int, Field(ge=0, le=5_000)] = 300
    silence_duration_ms: Annotated[int, Field(ge=100, le=10_000)] = 500
    create_response: Literal[True] = True
    interrupt_response: Literal[True] = True


class SemanticVad(_Open):
    """What was said, and how, ends a turn."""

    type: Literal["semantic_vad"]
    eagerness: Literal["low", "medium", "high", "auto"] = "auto"
    create_response: Literal[True] = True
    interrupt_response: Literal[True] = True


class InputConfig(_Open):
    """The sound of the client."""

    format: PcmFormat = PcmFormat()
    turn_detection: Annotated[ServerVad | SemanticVad, Field(discriminator="type")] | None = (
        ServerVad()
    )
    transcription: dict[str, Any] | None = None
    noise_reduction: dict[str, Any] | None = None


class NamedOutputVoice(_Open):
    """A voice by its identity."""

    id: str


class OutputConfig(_Open):
    """The sound of the avatar."""

    format: PcmFormat = PcmFormat()
    voice: str | NamedOutputVoice = "default"
    speed: Annotated[float, Field(ge=0.25, le=4.0)] = 1.0


class AudioConfig(_Open):
    """Both directions."""

    input: InputConfig = InputConfig()
    output: OutputConfig = OutputConfig()


class ClientFunction(_Open):
    """A function of the client that the avatar may call."""

    type: Literal["function"]
    name: Annotated[str, Field(pattern=r"^[\w-]{1,64}$")]
    description: str = ""
    parameters: dict[str, Any] = {"type": "object", "properties": {}}


class SessionConfig(_Open):
    """Everything that a client can configure."""

    model_config = ConfigDict(extra="ignore", frozen=True)

    type: Literal["realtime"] = "realtime"
    instructions: Annotated[str, Field(max_length=MOST_INSTRUCTIONS)] = ""
    output_modalities: Annotated[
        list[Literal["audio", "text"]], Field(min_length=1, max_length=1)
    ] = ["audio"]
    audio: AudioConfig = AudioConfig()
    tools: Annotated[list[ClientFunction], Field(max_length=MOST_TOOLS)] = []
    tool_choice: Any = "auto"

    @property
    def speaks(self) -> bool:
        """Whether answers are spoken, not only written."""
        return self.output_modalities == ["audio"]

    @property
    def offered(self) -> tuple[ToolDescription, ...]:
        """Return the functions that the avatar may call."""
        if self.tool_choice == "none":
            return ()
        return tuple(ToolDescription(t.name, t.description, t.parameters) for t in self.tools)

    @property
    def voice(self) -> VoiceRequest:
        """Return how the client wants to hear answers."""
        output = self.audio.output
        name = output.voice if isinstance(output.voice, str) else output.voice.id
        speed = None if output.speed == 1.0 else output.speed
        return VoiceRequest(None if name in FOREIGN_VOICES else name, speed)

    @property
    def policy(self) -> TurnPolicy:
        """Return how turns of the user are detected."""
        match self.audio.input.turn_detection:
            case ServerVad(silence_duration_ms=silence, prefix_padding_ms=padding):
                return TurnPolicy(EndOfTurn.SILENCE, silence / 1000, padding / 1000)
            case SemanticVad(eagerness=eagerness):
                return TurnPolicy(EndOfTurn.MEANING, eagerness=eagerness)
        return TurnPolicy(EndOfTurn.CLIENT)

    def changed(self, changes: Any) -> SessionConfig:
        """Return it with a client's changes; raises InputInvalid for those that cannot be."""
        if not isinstance(changes, dict):
            raise InputInvalid("The session is not an object.", "Send session: {…}.")
        try:
            return SessionConfig.model_validate(_merged(self.model_dump(), changes))
        except ValidationError as error:
            first = error.errors(include_url=False)[0]
            place = ".".join(["session", *(str(part) for part in first["loc"])])
            raise InputInvalid(f"{place}: {first['msg']}.", "Nothing was changed.") from error


def _merged(known: dict[str, Any], changes: dict[str, Any]) -> dict[str, Any]:
    """Return `known` with nested changes. What chooses another type replaces the former whole."""
    merged = dict(known)
    for name, value in changes.items():
        before = merged.get(name)
        if isinstance(before, dict) and isinstance(value, dict) and _is_same(before, value):
            merged[name] = _merged(before, value)
        else:
            merged[name] = value
    return merged


def _is_same(before: dict[str, Any], value: dict[str, Any]) -> bool:
    return bool(value.get("type", before.get("type")) == before.get("type"))
