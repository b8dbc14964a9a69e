"""Loads Coqui networks without running code in their files."""

from __future__ import annotations

from avatar_app.core.errors import AvatarError, DeviceUnavailable, InputInvalid
from avatar_app.core.home import expanded
from avatar_app.core.out_of_memory import is_out_of_memory, out_of_memory
from avatar_app.engines.torchaudio_parts import import_torchaudio
from avatar_app.engines.tts.coqui.damage import reason_of
from avatar_app.engines.tts.coqui.files import HINT, read_config, weights_of
from avatar_app.engines.tts.coqui.network import Network


def load(model: str, device: str, threads: int) -> Network:
    """Load a network. Raises ModelMissing, InputInvalid if it is damaged, DeviceUnavailable,
    OutOfMemory."""
    folder = expanded(model)
    config = read_config(folder)
    import torch

    torch.set_num_threads(threads)
    if device == "cuda" and not torch.cuda.is_available():
        raise DeviceUnavailable(
            "The voice needs a graphics card, and this machine has none.", "Choose device cpu."
        )
    import_torchaudio()
    chosen = "cuda" if device != "cpu" and torch.cuda.is_available() else "cpu"
    try:
        if config["model"] == "xtts":
            from avatar_app.engines.tts.coqui.xtts import Xtts

            return Xtts(folder, chosen)
        if config["model"] != "vits":
            from avatar_app.engines.tts.coqui.spectrogram import SpectrogramVoice

            return SpectrogramVoice(folder, weights_of(folder), chosen)
        from avatar_app.engines.tts.coqui.vits import Vits

        return Vits(folder, weights_of(folder), chosen)
    except AvatarError:
        raise
    except Exception as error:  # coqui-tts and torch share no class of errors
        if is_out_of_memory(error):
            raise out_of_memory(f"the voice {folder.name}") from error
        raise InputInvalid(
            f"The voice in {folder} is damaged: {reason_of(error)}.", HINT
        ) from error
