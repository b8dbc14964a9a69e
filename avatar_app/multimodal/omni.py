"""One language model with encoders and projections: asked about pictures, sounds and films."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any

import torch

from avatar_app.core.errors import ConfigInvalid
from avatar_app.core.values import MICROPHONE_RATE, Samples
from avatar_app.multimodal.architect import NeuralArchitect
from avatar_app.multimodal.bridge import InjectionPoint, NexusBridge
from avatar_app.multimodal.encoders.frames import Pixels
from avatar_app.multimodal.encoders.outline import OutlineEncoder
from avatar_app.multimodal.encoders.siglip import SigLIPEncoder
from avatar_app.multimodal.encoders.videomae import VideoMAEEncoder
from avatar_app.multimodal.encoders.whisper import WhisperEncoder
from avatar_app.multimodal.language_model import load_language_model
from avatar_app.multimodal.projections import load_projections

PROJECTIONS = Path(__file__).with_name("shapes.safetensors")
"""Projections of pictures (`OutlineEncoder`) and tones (Whisper base) for SmolLM2 135M, trained by
`training/injection`: they know shapes, colors and tones, and nothing else."""
OUTLINE = "outline"
"""Names the `OutlineEncoder`, which has no folder."""
_DEFAULT_TOKENS = 16


class OmniModel:
    """A language model that reads what encoders saw and heard."""

    def __init__(
        self,
        bridge: NexusBridge,
        architect: NeuralArchitect,
        picture: SigLIPEncoder | OutlineEncoder | None = None,
        sound: WhisperEncoder | None = None,
        video: VideoMAEEncoder | None = None,
    ) -> None:
        """Raises ConfigInvalid where a projection and its encoder, or the language model, have
        different widths."""
        self.bridge, self.architect = bridge, architect
        self._picture, self._sound, self._video = picture, sound, video
        encoders = {"picture": picture, "sound": sound, "video": video}
        _check(bridge, architect, {name: each for name, each in encoders.items() if each})

    @torch.inference_mode()
    def perceive(
        self,
        picture: Pixels | None = None,
        sound: Samples | None = None,
        video: Sequence[Pixels] | None = None,
        rate: int = MICROPHONE_RATE,
    ) -> torch.Tensor:
        """Return the vectors that the language model reads, (1, t, width), in the order of the
        arguments. `rate`: of the sound, in Hz. Raises ConfigInvalid for a modality without an
        encoder, or if there is none at all."""
        encoded = {}
        if picture is not None:
            encoded["picture"] = _needed(self._picture, "pictures").encode([picture])
        if sound is not None:
            encoded["sound"] = _needed(self._sound, "sounds").encode([sound], rate)
        if video is not None:
            encoded["video"] = _needed(self._video, "films").encode(video)
        if untrained := [name for name in encoded if name not in self.architect.projections]:
            raise ConfigInvalid(f"There is no projection for {untrained[0]}.", "Train one.")
        fused: torch.Tensor = self.architect.project_and_fuse("concat", **encoded)
        return fused

    def answer(
        self,
        question: str,
        picture: Pixels | None = None,
        sound: Samples | None = None,
        video: Sequence[Pixels] | None = None,
        *,
        rate: int = MICROPHONE_RATE,
        examples: Sequence[tuple[str, str]] = (),
        max_new_tokens: int = _DEFAULT_TOKENS,
        injection_points: str = InjectionPoint.INPUT,
        check: Callable[[], None] | None = None,
    ) -> str:
        """Return the model's answer about what it perceives. `examples`: see
        `NexusBridge.chat_prompt`. `check` is called before each token. Raises ConfigInvalid,
        InputInvalid."""
        vectors = self.perceive(picture, sound, video, rate)
        answer: str = self.bridge.inject_to_llm(
            vectors,
            self.bridge.chat_prompt(question, examples),
            injection_points=injection_points,
            max_new_tokens=max_new_tokens,
            check=check,
        )[0]
        return answer


def load_omni_model(
    language_model: str | Path,
    projections: str | Path = PROJECTIONS,
    *,
    picture_encoder: str | Path | None = OUTLINE,
    sound_encoder: str | Path | None = None,
    video_encoder: str | Path | None = None,
    device: str = "cpu",
    dtype: str = "float32",
) -> OmniModel:
    """Load everything from this computer: nothing is downloaded.

    `language_model`: a .gguf file, or a folder of transformers. `projections`: a file that was
    trained for it. Encoders: folders of SigLIP, Whisper and VideoMAE, or `outline` for pictures;
    None leaves the modality out. `dtype`: of the language model, float32, bfloat16 or float16.
    Raises ModelMissing, InputInvalid, ConfigInvalid.
    """
    architect, described = load_projections(projections)
    bridge = load_language_model(language_model, device, dtype)
    if bridge.dim != described.target_dim:
        raise ConfigInvalid(
            f"The projections are for a width of {described.target_dim} ({described.model}), and "
            f"this language model has {bridge.dim}.",
            "Choose that model, or train projections for this one.",
        )
    return OmniModel(
        bridge,
        architect.to(bridge.words.weight.device),
        _picture_encoder(picture_encoder, device) if picture_encoder else None,
        WhisperEncoder(sound_encoder, device) if sound_encoder else None,
        VideoMAEEncoder(video_encoder, device) if video_encoder else None,
    )


def _picture_encoder(source: str | Path, device: str) -> SigLIPEncoder | OutlineEncoder:
    return OutlineEncoder() if source == OUTLINE else SigLIPEncoder(source, device)


def _needed(encoder: Any, what: str) -> Any:
    if encoder is None:
        raise ConfigInvalid(f"No encoder for {what} is loaded.", "Name one to load_omni_model.")
    return encoder


def _check(bridge: NexusBridge, architect: NeuralArchitect, encoders: dict[str, Any]) -> None:
    if architect.target_dim != bridge.dim:
        raise ConfigInvalid(
            f"The projections end at a width of {architect.target_dim}, the language model reads "
            f"{bridge.dim}."
        )
    for name, encoder in encoders.items():
        if name in architect.projections and architect.projections[name].source_dim != encoder.dim:
            wanted = architect.projections[name].source_dim
            raise ConfigInvalid(
                f"The projection for {name} wants {wanted} numbers, the encoder gives "
                f"{encoder.dim}.",
                "Choose the encoder that it was trained with.",
            )
