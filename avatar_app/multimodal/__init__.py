"""Embedding injection: pictures, sounds and films as vectors that a language model reads.

The names in `__all__` are imported when they are used; they need the extra `multimodal`.
"""

from __future__ import annotations

from importlib import import_module
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from avatar_app.multimodal.architect import NeuralArchitect
    from avatar_app.multimodal.bridge import NexusBridge
    from avatar_app.multimodal.dimensions import DimensionAdapter
    from avatar_app.multimodal.encoders.outline import OutlineEncoder
    from avatar_app.multimodal.encoders.siglip import SigLIPEncoder
    from avatar_app.multimodal.encoders.tokens import TokenEncoder
    from avatar_app.multimodal.encoders.videomae import VideoMAEEncoder
    from avatar_app.multimodal.encoders.whisper import WhisperEncoder
    from avatar_app.multimodal.omni import OmniModel, load_omni_model
    from avatar_app.multimodal.tool_adapter import ToolAdapter

__all__ = [
    "DimensionAdapter",
    "NeuralArchitect",
    "NexusBridge",
    "OmniModel",
    "OutlineEncoder",
    "SigLIPEncoder",
    "TokenEncoder",
    "ToolAdapter",
    "VideoMAEEncoder",
    "WhisperEncoder",
    "load_omni_model",
]

_MODULES = {
    "architect": ("NeuralArchitect",),
    "bridge": ("NexusBridge",),
    "dimensions": ("DimensionAdapter",),
    "encoders.outline": ("OutlineEncoder",),
    "encoders.siglip": ("SigLIPEncoder",),
    "encoders.tokens": ("TokenEncoder",),
    "encoders.videomae": ("VideoMAEEncoder",),
    "encoders.whisper": ("WhisperEncoder",),
    "omni": ("OmniModel", "load_omni_model"),
    "tool_adapter": ("ToolAdapter",),
}
_MODULE_OF = {name: module for module, names in _MODULES.items() for name in names}


def __getattr__(name: str) -> Any:
    """Import a name. Raises ModelMissing where PyTorch or transformers is not installed."""
    if name not in _MODULE_OF:
        raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
    from avatar_app.multimodal.libraries import prepare

    prepare()
    return getattr(import_module(f"{__name__}.{_MODULE_OF[name]}"), name)


def __dir__() -> list[str]:
    return sorted(__all__)
