"""Loads a VibeVoice onto a processor or card."""

from __future__ import annotations

from typing import TYPE_CHECKING

from avatar_app.core.errors import DeviceUnavailable
from avatar_app.core.home import expanded
from avatar_app.engines.tts.vibevoice.shape import read_shape

if TYPE_CHECKING:
    from avatar_app.engines.tts.vibevoice.speaker import Speaker


def load(model: str, device: str, threads: int) -> Speaker:
    """Load a network. Raises ModelMissing, InputInvalid if it is damaged, DeviceUnavailable,
    OutOfMemory."""
    folder = expanded(model)
    read_shape(folder)  # says at once what PyTorch takes seconds to import for
    import torch

    from avatar_app.engines.tts.vibevoice.speaker import Speaker

    torch.set_num_threads(max(threads, 1))
    if device == "cuda" and not torch.cuda.is_available():
        raise DeviceUnavailable(
            "The voice needs a graphics card, and this machine has none.", "Choose device cpu."
        )
    chosen = "cuda" if device != "cpu" and torch.cuda.is_available() else "cpu"
    return Speaker(folder, chosen)
