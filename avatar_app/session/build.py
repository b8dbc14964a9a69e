"""Builds a conversation: engines, tools and the supervisor."""

from __future__ import annotations

from collections.abc import Callable
from contextlib import AbstractContextManager, ExitStack
from dataclasses import dataclass
from functools import partial
from pathlib import Path

from avatar_app.agents.base import LanguageModel
from avatar_app.agents.building.writer import writing_model
from avatar_app.core.engines import Face
from avatar_app.core.events import Announced, Event, Noticed
from avatar_app.core.manifest import Kind
from avatar_app.core.prompt import ToolDescription
from avatar_app.core.turn import Turn
from avatar_app.core.values import ToolCall, ToolResult
from avatar_app.pipeline import commands
from avatar_app.pipeline.builtin_engines import BuiltinEngines
from avatar_app.pipeline.conversation import Conversation, Engines
from avatar_app.pipeline.input.turn_detection import TurnDetectionOptions
from avatar_app.pipeline.output.answer_languages import AnswerLanguages, SameLanguage
from avatar_app.pipeline.output.chat_context import ChatContext
from avatar_app.runtime.engine_set import EngineSet
from avatar_app.runtime.fallback.event_interceptor import EventInterceptor
from avatar_app.runtime.fallback.spare_engines import SpareEngines
from avatar_app.runtime.fallback.supervisor import SUPERVISED, EngineSupervisor
from avatar_app.runtime.loading import load_engines
from avatar_app.runtime.registry import Registry
from avatar_app.session.answer_languages import SpokenLanguages
from avatar_app.session.assistant_tools import AppControls, AssistantTools
from avatar_app.session.eyes import LocalEyes
from avatar_app.session.fillers import acknowledgment, filler_words
from avatar_app.session.pages.floor import FloorGate
from avatar_app.session.pages.workshop import PageWorkshop
from avatar_app.session.personas import Persona, own_personas
from avatar_app.session.speaking_first.wishes import FirstWishes
from avatar_app.session.spoken_language import spoken_language
from avatar_app.settings.schema import Settings
from avatar_app.system.browser import open_in_browser
from avatar_app.system.paths import AppPaths
from avatar_app.tools.undo import UndoHistory


def make_conversation(
    settings: Settings,
    persona: Persona,
    engine_set: EngineSet,
    post: Callable[[Event], None],
    clock: Callable[[], float],
    call_tool: Callable[[ToolCall], ToolResult],
    tools: tuple[ToolDescription, ...] = (),
    spares: BuiltinEngines | None = None,
    facts: Callable[[], str] = str,
    recall: Callable[[str], str] = lambda _: "",
    languages: AnswerLanguages | None = None,
) -> Conversation:
    """Create a conversation, which starts working when it receives its first block. `spares` finish
    the turns of engines that fail; `languages` answers in the language that is spoken."""
    engines = engine_set.engines
    return Conversation(
        Engines(
            engines[Kind.AEC],
            engines[Kind.VAD],
            engines[Kind.ASR],
            engines[Kind.DIALOGUE],
            engines[Kind.TTS],
            engines[Kind.FACE],
            engine_set.fallback,
            engines[Kind.TURN],
            languages or SameLanguage(),
            engines[Kind.WAKE],
        ),
        post,
        call_tool,
        clock,
        ChatContext(persona.system, tools, facts, recall),
        TurnDetectionOptions(**settings.turn_detection.model_dump(exclude={"backchannels"})),
        settings.turn_detection.backchannels,
        spares,
        filler_words(settings),
        acknowledgment(settings),
    )


@dataclass(frozen=True, slots=True, eq=False)
class Assembly:
    """The connected parts of a conversation, live or offline."""

    engines: EngineSet
    tools: AssistantTools
    conversation: Conversation
    supervisor: EngineSupervisor
    pages: PageWorkshop


@dataclass(frozen=True, slots=True)
class Surroundings:
    """What a conversation needs from its environment."""

    settings: Settings
    registry: Registry
    paths: AppPaths
    controls: AppControls
    """What the avatar can change: volume, voice, microphone."""
    post: Callable[[Event], None]
    """Receives all events, in any thread."""
    notice: Callable[[Noticed], None]
    """Receives notices about problems while engines are loaded."""
    clock: Callable[[], float]
    """Seconds."""
    supervised: frozenset[Kind] = SUPERVISED
    """Kinds whose engines are replaced when they fail."""
    face_loaded: Callable[[Face], None] | None = None
    """Receives the face as soon as it is loaded, in the loading thread."""
    browse: Callable[[Path], None] = open_in_browser
    """Opens a page that the avatar built."""
    wishes: FirstWishes | None = None
    """What the user wants to hear first; None: nothing."""


def assemble(around: Surroundings, opened: ExitStack) -> Assembly:
    """Load the engines and connect them; what must be closed later is pushed on `opened`."""
    engines = load_engines(
        around.settings, around.registry, around.notice, around.clock, around.face_loaded
    )
    opened.callback(engines.close)
    floor = FloorGate()

    def post(event: Event) -> None:
        floor(event)
        around.post(event)

    events = EventInterceptor(post)

    def announce(text: str) -> None:
        around.post(Announced(text))
        conversation.send(commands.Announce(text))

    undo = UndoHistory()
    pages = PageWorkshop(
        around.paths.pages,
        partial(_writing_model, engines),
        around.post,
        announce,
        undo,
        around.browse,
        floor,
    )
    tools = _assistant_tools(around, announce, pages, undo)
    opened.callback(tools.close)
    spares = SpareEngines(engines, around.supervised)
    opened.callback(spares.close)
    spoken = spoken_language(around.settings, around.registry)
    languages = SpokenLanguages(engines, around.notice, spoken)
    opened.callback(languages.close)
    wanted = around.settings.conversation.answer_in_spoken_language
    conversation = make_conversation(
        around.settings,
        own_personas(around.paths.config).read(around.settings.persona, spoken),
        engines,
        events,
        around.clock,
        tools.call,
        tools.descriptions,
        spares,
        facts=tools.facts,
        recall=tools.recall,
        languages=languages if wanted else None,
    )
    opened.callback(conversation.close)
    supervisor = EngineSupervisor(engines, conversation, around.post, around.supervised)
    opened.callback(supervisor.close)
    events.attach(supervisor)
    opened.callback(pages.close)
    return Assembly(engines, tools, conversation, supervisor, pages)


def _assistant_tools(
    around: Surroundings, announce: Callable[[str], None], pages: PageWorkshop, undo: UndoHistory
) -> AssistantTools:
    return AssistantTools(
        around.paths,
        around.controls,
        around.post,
        announce,
        eyes=LocalEyes(around.settings.sight.camera, around.post),
        pages=pages,
        undo=undo,
        wishes=around.wishes,
    )


def _writing_model(
    engines: EngineSet, give_way: Callable[[Turn], None]
) -> AbstractContextManager[LanguageModel]:
    """Load the dialogue engine that the user chose once more, to write pages."""
    chosen = engines.choices[Kind.DIALOGUE]
    return writing_model(engines.registry, chosen, engines.broker, give_way)
