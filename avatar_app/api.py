"""The stable API for programs: talking-head films, clips by recipe, speech, and conversations
without a window.

Names in `__all__` are stable from release to release; every other module may move. Nothing heavy is
imported until a name is used.
"""

from __future__ import annotations

from importlib import import_module
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from avatar_app.engines.tts.speech.manner import VoiceConfig
    from avatar_app.performance.timing import PerformanceMonitor
    from avatar_app.render.talking_head import Wav2LipTalkingHead
    from avatar_app.runtime.memory.doors import GPUMemoryManager, UnifiedModelManager
    from avatar_app.session.offline.conversation import OfflineConversation, offline_conversation
    from avatar_app.session.offline.recordings import play_recordings
    from avatar_app.settings.loading import load_settings
    from avatar_app.settings.schema import EngineChoice
    from avatar_app.speech.batch import BatchSpeech, TTSBatch, VoiceAttempt, VoiceFailure
    from avatar_app.speech.text_to_speech import TTSEngine, TTSStreamer, WrittenSpeech
    from avatar_app.studio.decoder import VideoDecoder
    from avatar_app.studio.pipeline import Pipeline
    from avatar_app.studio.recipe import ClipRecipe
    from avatar_app.studio.slot import GenerationResult
    from avatar_app.system.paths import AppPaths, app_paths

__all__ = [
    "AppPaths",
    "BatchSpeech",
    "ClipRecipe",
    "EngineChoice",
    "GPUMemoryManager",
    "GenerationResult",
    "OfflineConversation",
    "PerformanceMonitor",
    "Pipeline",
    "TTSBatch",
    "TTSEngine",
    "TTSStreamer",
    "UnifiedModelManager",
    "VideoDecoder",
    "VoiceAttempt",
    "VoiceConfig",
    "VoiceFailure",
    "Wav2LipTalkingHead",
    "WrittenSpeech",
    "app_paths",
    "load_settings",
    "offline_conversation",
    "play_recordings",
]

_MODULES = {
    "avatar_app.engines.tts.speech.manner": ("VoiceConfig",),
    "avatar_app.performance.timing": ("PerformanceMonitor",),
    "avatar_app.runtime.memory.doors": ("GPUMemoryManager", "UnifiedModelManager"),
    "avatar_app.render.talking_head": ("Wav2LipTalkingHead",),
    "avatar_app.session.offline.conversation": ("OfflineConversation", "offline_conversation"),
    "avatar_app.session.offline.recordings": ("play_recordings",),
    "avatar_app.settings.loading": ("load_settings",),
    "avatar_app.settings.schema": ("EngineChoice",),
    "avatar_app.speech.batch": ("BatchSpeech", "TTSBatch", "VoiceAttempt", "VoiceFailure"),
    "avatar_app.speech.text_to_speech": ("TTSEngine", "TTSStreamer", "WrittenSpeech"),
    "avatar_app.studio.decoder": ("VideoDecoder",),
    "avatar_app.studio.pipeline": ("Pipeline",),
    "avatar_app.studio.recipe": ("ClipRecipe",),
    "avatar_app.studio.slot": ("GenerationResult",),
    "avatar_app.system.paths": ("AppPaths", "app_paths"),
}
_MODULE_OF = {name: module for module, names in _MODULES.items() for name in names}


def __getattr__(name: str) -> Any:
    if name not in _MODULE_OF:
        raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
    return getattr(import_module(_MODULE_OF[name]), name)


def __dir__() -> list[str]:
    return sorted(__all__)
