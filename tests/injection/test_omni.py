"""Everything together: files of projections, a language model in a folder or a GGUF file."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest
import torch
from injection_scenes import pictures, tones
from safetensors.torch import load_file, save_file
from transformers import SiglipVisionConfig, SiglipVisionModel

from avatar_app import multimodal
from avatar_app.core.errors import ConfigInvalid, InputInvalid, ModelMissing
from avatar_app.multimodal.architect import NeuralArchitect
from avatar_app.multimodal.bridge import NexusBridge
from avatar_app.multimodal.encoders.siglip import SigLIPEncoder
from avatar_app.multimodal.language_model import load_language_model
from avatar_app.multimodal.omni import OmniModel, load_omni_model
from avatar_app.multimodal.projections import load_projections, save_projections

PICTURE = pictures(1, 1)[0].pixels
TONE = tones(1, 1)[0].samples


@pytest.fixture(scope="module")
def language_model(tmp_path_factory: pytest.TempPathFactory, llama: Any, tokenizer: Any) -> Path:
    folder = tmp_path_factory.mktemp("llama")
    llama.save_pretrained(folder)
    tokenizer.save_pretrained(folder)
    return folder


@pytest.fixture(scope="module")
def siglip(tmp_path_factory: pytest.TempPathFactory) -> Path:
    torch.manual_seed(1)
    folder = tmp_path_factory.mktemp("siglip")
    config = SiglipVisionConfig(
        hidden_size=24, image_size=48, patch_size=16, num_hidden_layers=1, num_attention_heads=2,
        intermediate_size=32,
    )  # fmt: skip
    SiglipVisionModel(config).save_pretrained(folder)
    return folder


def projections(path: Path, target: int = 32, source: int = 24) -> Path:
    torch.manual_seed(2)
    architect = NeuralArchitect(target, 4)
    architect.add_modality("picture", source, hidden_dim=16, tokens=2).match_rms(0.3)
    save_projections(path, architect, "a small llama")
    return path


def test_projections_are_written_and_read(tmp_path: Path) -> None:
    path = projections(tmp_path / "p.safetensors")
    architect, described = load_projections(path)
    assert (described.model, described.target_dim) == ("a small llama", 32)
    given = torch.randn(3, 24)
    one = architect.project_single("picture", given)
    assert one.shape == (3, 2, 32)
    assert one.square().mean().sqrt().item() == pytest.approx(0.3, rel=0.05)
    assert torch.equal(load_projections(path)[0].project_single("picture", given), one)


@pytest.mark.parametrize("harm", ["cut", "empty", "other", "without a description", "narrower"])
def test_damaged_projections_are_said(tmp_path: Path, harm: str) -> None:
    path = projections(tmp_path / "p.safetensors")
    content = path.read_bytes()
    if harm == "cut":
        path.write_bytes(content[: len(content) // 2])
    elif harm == "empty":
        path.write_bytes(b"")
    elif harm == "other":
        path.write_bytes(b"\x80\x04" + content)
    elif harm == "without a description":
        save_file(load_file(path), path)
    else:
        path.write_bytes(content.replace(b'target_dim\\":32', b'target_dim\\":16'))
        assert path.read_bytes() != content
    with pytest.raises(InputInvalid, match="is damaged, or contains no projections"):
        load_projections(path)
    with pytest.raises(ModelMissing, match="does not exist"):
        load_projections(tmp_path / "none.safetensors")


def test_model_answers_about_what_it_is_given(
    language_model: Path, siglip: Path, tmp_path: Path
) -> None:
    path = projections(tmp_path / "p.safetensors")
    omni = load_omni_model(language_model, path, picture_encoder=siglip)
    seen = omni.perceive(picture=PICTURE)
    assert seen.shape == (1, 2, 32)
    expected = omni.bridge.inject_to_llm(
        seen, omni.bridge.chat_prompt("what is the picture"), max_new_tokens=4
    )[0]
    assert omni.answer("what is the picture", PICTURE, max_new_tokens=4) == expected
    assert not torch.equal(omni.perceive(picture=PICTURE[::-1].copy()), seen)
    with pytest.raises(ConfigInvalid, match="No encoder for sounds"):
        omni.answer("what is it", sound=TONE)
    with pytest.raises(ConfigInvalid, match="nothing to fuse"):
        omni.answer("what is it")


def test_parts_that_do_not_fit_are_said(
    language_model: Path, siglip: Path, tmp_path: Path, llama: Any
) -> None:
    with pytest.raises(ConfigInvalid, match=r"for a width of 64 \(a small llama\)"):
        load_omni_model(language_model, projections(tmp_path / "a", 64), picture_encoder=siglip)
    with pytest.raises(ConfigInvalid, match="wants 20 numbers, the encoder gives 24"):
        load_omni_model(language_model, projections(tmp_path / "b", 32, 20), picture_encoder=siglip)
    with pytest.raises(ConfigInvalid, match="end at a width of 64"):
        OmniModel(NexusBridge(llama), NeuralArchitect(64))
    omni = OmniModel(NexusBridge(llama), NeuralArchitect(32), SigLIPEncoder(siglip))
    with pytest.raises(ConfigInvalid, match="no projection for picture"):
        omni.perceive(picture=PICTURE)


def test_missing_and_damaged_language_models_are_said(language_model: Path, tmp_path: Path) -> None:
    with pytest.raises(ModelMissing, match=r"contains no config\.json"):
        load_language_model(tmp_path)
    with pytest.raises(ModelMissing, match="does not exist"):
        load_language_model(tmp_path / "none.gguf")
    broken = tmp_path / "broken.gguf"
    broken.write_bytes(b"GGUF" + bytes(60))
    with pytest.raises(InputInvalid, match="is damaged or no language model"):
        load_language_model(broken)
    with pytest.raises(ConfigInvalid, match="Unknown numbers 'int3'"):
        load_language_model(language_model, dtype="int3")


def test_names_are_imported_when_they_are_used() -> None:
    assert {getattr(multimodal, name).__name__ for name in multimodal.__all__} == set(
        multimodal.__all__
    )
    with pytest.raises(AttributeError, match="Nothing"):
        _ = multimodal.Nothing
