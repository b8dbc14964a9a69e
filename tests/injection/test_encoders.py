"""Encoders through transformers' own classes, with small random networks."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import torch
from injection_scenes import COLORS, pictures, tones
from transformers import (
    SiglipVisionConfig,
    SiglipVisionModel,
    VideoMAEConfig,
    VideoMAEModel,
    WhisperConfig,
    WhisperModel,
)

from avatar_app.core.errors import (
    AvatarError,
    ConfigInvalid,
    DeviceUnavailable,
    InputInvalid,
    ModelMissing,
)
from avatar_app.multimodal.bridge import NexusBridge
from avatar_app.multimodal.encoders.outline import OutlineEncoder
from avatar_app.multimodal.encoders.siglip import SigLIPEncoder
from avatar_app.multimodal.encoders.tokens import TokenEncoder
from avatar_app.multimodal.encoders.videomae import VideoMAEEncoder
from avatar_app.multimodal.encoders.whisper import WhisperEncoder

SMALL = {"num_hidden_layers": 2, "num_attention_heads": 2, "intermediate_size": 32}


@pytest.fixture(scope="module")
def siglip(tmp_path_factory: pytest.TempPathFactory) -> Path:
    torch.manual_seed(1)
    folder = tmp_path_factory.mktemp("siglip")
    config = SiglipVisionConfig(hidden_size=24, image_size=32, patch_size=8, **SMALL)
    SiglipVisionModel(config).save_pretrained(folder)
    return folder


@pytest.fixture(scope="module")
def videomae() -> Any:
    torch.manual_seed(2)
    return VideoMAEModel(
        VideoMAEConfig(hidden_size=24, image_size=32, patch_size=16, num_frames=8, **SMALL)
    )


@pytest.fixture(scope="module")
def whisper(tmp_path_factory: pytest.TempPathFactory) -> Path:
    torch.manual_seed(3)
    folder = tmp_path_factory.mktemp("whisper")
    config = WhisperConfig(
        vocab_size=50, num_mel_bins=80, d_model=24, encoder_layers=2, decoder_layers=1,
        encoder_attention_heads=2, decoder_attention_heads=2, encoder_ffn_dim=32,
        decoder_ffn_dim=32, max_source_positions=150, max_target_positions=20, pad_token_id=0,
        bos_token_id=1, eos_token_id=2, decoder_start_token_id=3, suppress_tokens=[],
        begin_suppress_tokens=[],
    )  # fmt: skip
    WhisperModel(config).save_pretrained(folder)
    return folder


def test_siglip_equals_transformers_and_is_the_same_again(siglip: Path) -> None:
    encoder = SigLIPEncoder(siglip)
    drawn = [each.pixels for each in pictures(1, 70)]
    encoded = encoder.encode(drawn)
    assert (encoded.shape, encoder.dim) == ((70, 1, 24), 24)
    assert torch.equal(SigLIPEncoder(siglip).encode(drawn), encoded)
    assert encoder.encode(drawn[:1], patches=True).shape == (1, 16, 24)
    exact = [each.pixels[:32, :32] for each in pictures(2, 2)]
    pixels = torch.from_numpy(np.stack(exact).transpose(0, 3, 1, 2) / 127.5 - 1).float()
    model = SiglipVisionModel.from_pretrained(siglip, local_files_only=True).eval()
    with torch.no_grad():
        expected = model(pixels).pooler_output
    assert torch.allclose(encoder.encode(exact)[:, 0], expected, atol=1e-5)
    assert torch.equal(SigLIPEncoder(model).encode(exact), encoder.encode(exact))


def test_outlines_are_the_same_however_a_figure_is_turned_or_moved() -> None:
    encoder = OutlineEncoder()
    drawn = pictures(5, 80)
    encoded = encoder.encode([each.pixels for each in drawn])
    assert encoded.shape == (80, 2, encoder.dim)
    assert not encoded[:, 0, 3:].any()
    assert not encoded[:, 1, :3].any()
    colors = (np.array([COLORS[each.color] for each in drawn]) / 255 - 0.5) / 0.35
    assert np.abs(encoded[:, 0, :3].numpy() - colors).max() < 0.4
    for picture in drawn[:10]:
        turned = encoder.encode([picture.pixels, np.rot90(picture.pixels).copy()])
        assert torch.allclose(turned[0], turned[1], atol=0.5)


def test_outlines_tell_shapes_apart() -> None:
    """The nearest of 80 others has the same shape, whatever its color."""
    drawn = pictures(6, 160)
    outlines = OutlineEncoder().encode([each.pixels for each in drawn])[:, 1]
    nearest = torch.cdist(outlines[:80], outlines[80:]).argmin(1) + 80
    same = [drawn[at].shape == drawn[int(other)].shape for at, other in enumerate(nearest)]
    assert sum(same) >= 76


def test_picture_without_a_figure_is_said() -> None:
    with pytest.raises(InputInvalid, match="shows no figure"):
        OutlineEncoder().encode([np.full((40, 40, 3), 90, np.uint8)])


def test_videomae_gives_a_vector_for_each_moment(videomae: Any) -> None:
    encoder = VideoMAEEncoder(videomae)
    film = [each.pixels for each in pictures(3, 25)]
    encoded = encoder.encode(film)
    assert (encoded.shape, encoder.dim, encoder.frames) == ((1, 4, 24), 24, 8)
    assert not torch.allclose(encoder.encode(film[::-1]), encoded, atol=1e-4)
    assert encoder.encode(film[:1]).shape == (1, 4, 24)
    changed = [*film[:20], *[np.zeros_like(film[0])] * 5]
    assert not torch.allclose(encoder.encode(changed)[:, -1], encoded[:, -1], atol=1e-4)
    with pytest.raises(InputInvalid, match="no pictures"):
        encoder.encode([])


def test_whisper_gives_vectors_of_parts_of_a_sound(whisper: Path) -> None:
    encoder = WhisperEncoder(whisper)
    played = [each.samples for each in tones(4, 3)]
    encoded = encoder.encode(played)
    assert (encoded.shape, encoder.dim) == ((3, 1, 24), 24)
    assert torch.equal(encoder.encode(played), encoded)
    two = encoder.encode([np.concatenate([played[0], played[2]])], moments=2)
    assert two.shape == (1, 2, 24)
    assert not torch.allclose(two[:, 0], two[:, 1], atol=1e-3)
    faster = encoder.encode([np.repeat(played[0], 2)], 32_000)
    assert torch.allclose(faster, encoded[:1], atol=0.2)
    with pytest.raises(InputInvalid, match="longer than the model's 3 s"):
        encoder.encode([np.zeros(16_000 * 4, np.float32)])
    with pytest.raises(InputInvalid, match=r"longer than 27\.7 s"):
        encoder.encode([np.zeros(16_000 * 28, np.float32)])


def test_tokens_are_what_the_model_reads(llama: Any, tokenizer: Any) -> None:
    bridge = NexusBridge(llama, tokenizer)
    encoder = TokenEncoder(bridge)
    encoded = encoder.encode("look at the picture")
    assert encoded.shape == (1, 4, 32)
    ids = tokenizer("look at the picture", return_tensors="pt").input_ids
    assert torch.equal(encoded, bridge.words(ids))
    assert torch.equal(encoder.encode(ids[0].tolist()), encoded)
    assert torch.allclose(encoder.pooled(["look at the picture"]), encoded.mean(1))
    for wrong in ("", [90], [-1]):
        with pytest.raises(InputInvalid, match="no tokens"):
            encoder.encode(wrong)


NOT_PICTURES = (
    np.zeros((4, 4), np.uint8), np.zeros((4, 4, 4), np.uint8), np.zeros((4, 4, 3), np.float32),
    np.zeros((0, 4, 3), np.uint8),
)  # fmt: skip


@pytest.mark.parametrize("pixels", NOT_PICTURES, ids=lambda each: str(each.shape))
def test_what_is_no_picture_is_said(siglip: Path, pixels: Any) -> None:
    with pytest.raises(InputInvalid, match="no RGB picture"):
        SigLIPEncoder(siglip).encode([pixels])


def test_what_is_no_sound_is_said(siglip: Path, whisper: Path) -> None:
    encoder = WhisperEncoder(whisper)
    for wrong in (np.zeros(0), np.zeros((2, 100)), np.full(100, np.nan)):
        with pytest.raises(InputInvalid, match="mono, and not empty"):
            encoder.encode([wrong])
    with pytest.raises(InputInvalid, match="There is no picture"):
        SigLIPEncoder(siglip).encode([])


def damaged(source: Path, folder: Path, harm: Callable[[bytes], bytes]) -> Path:
    """A copy whose weights were changed."""
    for each in source.iterdir():
        content = each.read_bytes()
        changed = harm(content) if each.suffix == ".safetensors" else content
        (folder / each.name).write_bytes(changed)
    return folder


def test_missing_damaged_and_other_models_are_said(
    siglip: Path, whisper: Path, tmp_path: Path
) -> None:
    with pytest.raises(ModelMissing, match=r"contains no config\.json"):
        SigLIPEncoder(tmp_path)
    (tmp_path / "cut").mkdir()
    with pytest.raises(InputInvalid, match="is damaged or no SigLIP") as caught:
        SigLIPEncoder(damaged(siglip, tmp_path / "cut", lambda content: content[:500]))
    assert caught.value.hint == "Get its files again."
    (tmp_path / "other").mkdir()
    with pytest.raises(AvatarError, match="no SigLIP"):
        SigLIPEncoder(damaged(whisper, tmp_path / "other", lambda content: content))
    with pytest.raises(ConfigInvalid, match="Unknown device 'tpu'"):
        SigLIPEncoder(siglip, device="tpu")


def test_card_that_is_not_there_is_said(siglip: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("torch.cuda.is_available", lambda: False)
    with pytest.raises(DeviceUnavailable, match="no NVIDIA card"):
        SigLIPEncoder(siglip, device="cuda")
