"""One client's conversation: the pipeline with engines that are shared, at the end of a wire."""

from __future__ import annotations

import threading
import time
from collections.abc import Callable
from contextlib import ExitStack
from dataclasses import dataclass, replace
from enum import StrEnum
from typing import Any

from avatar_app.core.errors import AvatarError
from avatar_app.core.events import Event, Noticed
from avatar_app.core.manifest import Kind
from avatar_app.core.prompt import MediaPart, Message, ToolDescription
from avatar_app.core.values import Samples, ToolCall, ToolResult
from avatar_app.models.resolve import installed_path
from avatar_app.pipeline import commands
from avatar_app.pipeline.input.turn_detection import TurnDetectionOptions
from avatar_app.runtime.engine_set import EngineSet
from avatar_app.runtime.kinds import BUILTIN, choices
from avatar_app.session.assistant_tools import AssistantTools
from avatar_app.session.build import make_conversation
from avatar_app.session.personas import own_personas
from avatar_app.session.served.pictures import PicturePump, SentPicture, put_served_face
from avatar_app.session.served.shared_engines import SharedEngines, VoiceRequest
from avatar_app.session.served.silent_parts import UnheardVoice, UnseenFace
from avatar_app.session.served.wire import SentSpeech, WireDevices
from avatar_app.session.spoken_language import spoken_language
from avatar_app.settings.schema import EngineChoice

SMART_TURN, SMART_TURN_MODEL = "smart_turn", "smart-turn-v3.2"


class EndOfTurn(StrEnum):
    """What decides that the client's user has finished."""

    SILENCE = "server_vad"
    MEANING = "semantic_vad"
    CLIENT = "none"


@dataclass(frozen=True, slots=True)
class TurnPolicy:
    """How turns of the client's user are detected."""

    end: EndOfTurn = EndOfTurn.SILENCE
    silence: float = 0.5
    """Seconds that end a turn, for EndOfTurn.SILENCE."""
    prefix_padding: float = 0.3
    """Seconds; what is kept from before the voice is a setting, and longer."""
    eagerness: str = "auto"
    """low, medium, high or auto, for EndOfTurn.MEANING."""


_EAGERNESS = {"low": (0.9, 2.0), "high": (0.4, 0.9)}
"""Seconds of silence that end a turn, at first and at most; others as the settings say."""


class ServedConversation:
    """Commands of one client, and a wire for its sound. Thread-safe. Opening takes a moment."""

    def __init__(
        self,
        engines: SharedEngines,
        client: str,
        post: Callable[[Event], None],
        send: Callable[[SentSpeech], None],
        call_tool: Callable[[ToolCall], ToolResult | None],
        show: Callable[[SentPicture], None] | None = None,
    ) -> None:
        """`post`, `send` and `show` are called in threads of the conversation. `call_tool` calls a
        function of the client; it returns None for one that it does not have. `show` receives the
        face; None: nobody sees it."""
        self._engines, self._client = engines, client
        self._policy, self._turn_engine = TurnPolicy(), threading.Lock()
        self._call_client = call_tool
        with ExitStack() as opened:
            opened.enter_context(engines.admitted("A conversation"))
            self._engine_set = _engine_set_for(engines, client, seen=show is not None)
            opened.callback(self._engine_set.close)
            self._tools = AssistantTools(None, self, post, self._announce)
            opened.callback(self._tools.close)
            persona = own_personas(engines.paths.config).read(
                engines.settings.persona, spoken_language(engines.settings, engines.registry)
            )
            self._conversation = make_conversation(
                engines.settings,
                persona,
                self._engine_set,
                post,
                time.monotonic,
                self._call,
                self._tools.descriptions,
                facts=self._tools.facts,
                recall=self._tools.recall,
            )
            opened.callback(self._conversation.close)
            self._wire = WireDevices(self._conversation, send, time.monotonic)
            opened.callback(self._wire.close)
            self._pictures = PicturePump(self._conversation, show) if show else None
            if self._pictures is not None:
                opened.callback(self._pictures.close)
            self._closing = opened.pop_all()
        self.instructions = persona.system
        self._tools.start()
        self._wire.start()
        if self._pictures is not None:
            self._pictures.start()

    def close(self) -> None:
        """Stop speaking and release everything but the shared engines."""
        self._conversation.send(commands.Interrupt())
        self._closing.close()

    def hear(self, samples: Samples) -> bool:
        """Take sound of the client, 16 kHz; returns False where too much of it waits."""
        return self._wire.hear(samples)

    def watch(self, *, watched: bool) -> None:
        """Send the face only while somebody looks at it."""
        if self._pictures is not None:
            self._pictures.watch(watched=watched)

    def type(self, text: str) -> None:
        """Answer a text at once."""
        self._send(commands.TextTyped(text))

    def show(self, part: MediaPart) -> None:
        """Show a picture, or play a sound, with what is said next."""
        self._send(commands.MediaAttached(part))

    def remember(self, message: Message) -> None:
        """Let later answers know of something that was said elsewhere."""
        self._send(commands.Remember(message))

    def announce(self, text: str) -> None:
        """Say something once nobody speaks."""
        self._send(commands.Announce(text))

    def interrupt(self) -> None:
        """Stop the answer."""
        self._send(commands.Interrupt())

    def truncate(self, turn_id: int, seconds: float) -> None:
        """The client's user heard only so much of an answer."""
        self._send(commands.Truncate(turn_id, seconds))

    def instruct(self, instructions: str, tools: tuple[ToolDescription, ...]) -> None:
        """Give a language model other instructions, and functions of the client."""
        self.instructions = instructions
        every = (*self._tools.descriptions, *tools)
        self._send(commands.BecomePersona(instructions, every))

    def hold(self, *, held: bool) -> None:
        """Let the client decide who has the floor: it begins to send what its user says, or all of
        it was sent."""
        self._wire.held = held or self._wire.held

        def obey() -> None:
            self._wire.held = held
            self._conversation.send(commands.PushToTalk(held))

        self._wire.then(obey)

    def discard(self) -> None:
        """Forget what was heard and not answered."""
        self._wire.forget()
        self._wire.held = False
        for muted in (True, False):
            self._conversation.send(commands.Mute(muted))

    def listen_to(self, request: VoiceRequest | None) -> None:
        """Speak in this manner from the next answer on; None: the client only reads. Raises
        ConfigInvalid for what the voice does not have."""
        voice = UnheardVoice() if request is None else self._engines.voice(self._client, request)
        self._wire.listened_to = request is not None
        self._engine_set.engines[Kind.TTS] = voice
        self._conversation.send(commands.SwitchEngine(Kind.TTS, voice))

    def detect_turns(self, policy: TurnPolicy) -> None:
        """Detect the ends of turns in another way from now on."""
        if policy == self._policy:
            return
        self._policy = policy
        if policy.end is EndOfTurn.MEANING:
            self._use_smart_turn()
        self._send(commands.DetectTurns(self._delays(policy)))

    # what the avatar's own tools control

    def configure_voice(self, **options: Any) -> None:
        self._engine_set.engines[Kind.TTS].configure(**options)

    def set_volume(self, volume: float) -> None:
        self._conversation.playback.volume = volume

    def mute(self, *, muted: bool) -> None:
        self._conversation.send(commands.Mute(muted))

    def _send(self, command: commands.Command) -> None:
        self._conversation.send(command)

    def _announce(self, text: str) -> None:
        self._conversation.send(commands.Announce(text))

    def _call(self, call: ToolCall) -> ToolResult:
        result = self._call_client(call)
        return self._tools.call(call) if result is None else result

    def _delays(self, policy: TurnPolicy) -> TurnDetectionOptions:
        settings = self._engines.settings.turn_detection
        usual = TurnDetectionOptions(**settings.model_dump(exclude={"backchannels"}))
        if policy.end is EndOfTurn.SILENCE:
            silence = policy.silence
            return replace(
                usual,
                preemptive_generation_delay=min(usual.preemptive_generation_delay, silence),
                sure_endpointing_delay=silence,
                min_endpointing_delay=silence,
                max_endpointing_delay=max(silence, usual.max_endpointing_delay),
            )
        first, most = _EAGERNESS.get(
            policy.eagerness, (usual.min_endpointing_delay, usual.max_endpointing_delay)
        )
        return replace(usual, min_endpointing_delay=first, max_endpointing_delay=most)

    def _use_smart_turn(self) -> None:
        """Hear by its sound whether a turn is over, where the model is installed."""
        with self._turn_engine:
            if self._engine_set.manifests[Kind.TURN].name == SMART_TURN:
                return
            if installed_path(SMART_TURN_MODEL, self._engines.paths) is None:
                return
            try:
                before = self._engine_set.engines[Kind.TURN]
                engine = self._engine_set.put(Kind.TURN, EngineChoice(engine=SMART_TURN))
            except AvatarError as error:
                self._engines.notice(Noticed(error.message, error.hint))
                return
            self._conversation.send(commands.SwitchEngine(Kind.TURN, engine, taken=before.close))


def _engine_set_for(engines: SharedEngines, client: str, *, seen: bool) -> EngineSet:
    """Return the engines of a conversation: detectors and a face of its own, and clients of what is
    shared."""
    engine_set = EngineSet(engines.registry, broker=engines.broker, notice=engines.notice)
    chosen = choices(engines.settings)
    engine_set.put(
        Kind.AEC, EngineChoice(engine=BUILTIN[Kind.AEC])
    )  # it does not know the far room
    engine_set.put_or_builtin(Kind.VAD, chosen[Kind.VAD], engines.notice)
    engine_set.put_or_builtin(Kind.TURN, chosen[Kind.TURN], engines.notice)
    engine_set.put(Kind.WAKE, EngineChoice(engine=BUILTIN[Kind.WAKE]))  # of a button in the page
    if seen:
        put_served_face(engine_set, chosen[Kind.FACE])
    else:
        engine_set.engines[Kind.FACE] = UnseenFace()
    engine_set.engines[Kind.ASR] = engines.recognizer(client)
    engine_set.engines[Kind.DIALOGUE] = engines.dialogue(client)
    engine_set.engines[Kind.TTS] = engines.voice(client)
    return engine_set
