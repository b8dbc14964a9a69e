"""MuseTalk's files in their published format and layout, with networks so small that a picture
takes milliseconds."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

from avatar_app.engines.diffusion.loading import prepare_libraries

prepare_libraries()
WIDTH, LAYERS = 16, 2
OLD_NAMES = {"to_q": "query", "to_k": "key", "to_v": "value", "to_out.0": "proj_attn"}


def write_musetalk(root: Path, *, old: bool = False) -> Path:
    """Write the folder as MuseTalk's download script leaves it. `old`: as the first version, in
    torch's older files; otherwise partly as safetensors."""
    import torch

    root.mkdir(exist_ok=True)
    torch.manual_seed(0)
    unet, vae, whisper = _unet(), _autoencoder(), _whisper()
    name, weights = ("musetalk", "pytorch_model.bin") if old else ("musetalkV15", "unet.pth")
    folder = root / name
    folder.mkdir()
    config = {"_class_name": "UNet2DConditionModel", "_diffusers_version": "0.6.0"}
    (folder / "musetalk.json").write_text(json.dumps(config | _unet_config()))
    torch.save(unet.state_dict(), folder / weights, _use_new_zipfile_serialization=not old)
    vae.save_pretrained(root / "sd-vae", safe_serialization=True)
    if old:
        (root / "sd-vae" / "diffusion_pytorch_model.safetensors").unlink()
        state = {_old_name(key): value for key, value in vae.state_dict().items()}
        torch.save(state, root / "sd-vae" / "diffusion_pytorch_model.bin")
    whisper.save_pretrained(root / "whisper")
    if old:
        (root / "whisper" / "model.safetensors").unlink()
        torch.save(whisper.state_dict(), root / "whisper" / "pytorch_model.bin")
    from transformers import WhisperFeatureExtractor

    WhisperFeatureExtractor().save_pretrained(root / "whisper")
    return root


def published_sound(root: Path, samples: Any) -> Any:
    """What the published program gives its network for each picture, (n, moments · layers, width):
    25 a second, of a whole recording."""
    import numpy as np
    import torch
    from transformers import WhisperFeatureExtractor, WhisperModel

    extractor = WhisperFeatureExtractor.from_pretrained(root / "whisper")
    encoder = WhisperModel.from_pretrained(root / "whisper").encoder.eval()
    pieces = []
    with torch.inference_mode():
        for begin in range(0, len(samples), 480_000):
            piece = samples[begin : begin + 480_000]
            mel = extractor(piece, sampling_rate=16_000, return_tensors="pt").input_features
            states = encoder(mel, output_hidden_states=True).hidden_states
            pieces.append(torch.stack(states, dim=2)[0].numpy())
    states = np.concatenate(pieces)[: len(samples) * 50 // 16_000]
    silence = np.zeros_like(states[:4]), np.zeros((12, *states.shape[1:]), states.dtype)
    padded = np.concatenate([silence[0], states, silence[1]])
    count = len(samples) * 25 // 16_000
    return np.stack([padded[2 * k : 2 * k + 10].reshape(-1, WIDTH) for k in range(count)])


def published_picture(root: Path, face: Any, sound: Any) -> Any:
    """The crop that the published program paints, (256, 256, 3), RGB, with the classes' own
    loading. The latents' mean stands for a sample of them."""
    import numpy as np
    import torch
    from diffusers import AutoencoderKL, UNet2DConditionModel

    folder = root / "musetalkV15"
    unet = UNet2DConditionModel(**json.loads((folder / "musetalk.json").read_text())).eval()
    unet.load_state_dict(torch.load(folder / "unet.pth", weights_only=True))
    vae = AutoencoderKL.from_pretrained(root / "sd-vae").eval()
    place = torch.arange(len(sound), dtype=torch.float)[:, None]
    rates = torch.exp(torch.arange(0, WIDTH, 2).float() * (-np.log(10_000.0) / WIDTH))
    heard = torch.from_numpy(sound.copy())
    heard[:, 0::2] += torch.sin(place * rates)
    heard[:, 1::2] += torch.cos(place * rates)
    whole = torch.from_numpy(face / 255.0).float().permute(2, 0, 1)
    masked = whole.clone()
    masked[:, 128:] = 0
    with torch.inference_mode():
        seen = [vae.encode(2 * each[None] - 1).latent_dist.mode() for each in (masked, whole)]
        latents = torch.cat(seen, dim=1) * 0.18215
        said = unet(latents, torch.tensor([0]), encoder_hidden_states=heard[None]).sample
        picture = vae.decode(said / 0.18215).sample[0]
    shown = (picture / 2 + 0.5).clamp(0, 1).permute(1, 2, 0).numpy()
    return (shown * 255).round().astype(np.uint8)


def _old_name(key: str) -> str:
    for new, old in OLD_NAMES.items():
        if ".attentions." in key:
            key = key.replace(f".{new}.", f".{old}.")
    return key


def _unet_config() -> dict[str, Any]:
    return {
        "act_fn": "silu",
        "attention_head_dim": 4,
        "block_out_channels": [8, 16],
        "center_input_sample": False,
        "cross_attention_dim": WIDTH,
        "down_block_types": ["CrossAttnDownBlock2D", "DownBlock2D"],
        "downsample_padding": 1,
        "flip_sin_to_cos": True,
        "freq_shift": 0,
        "in_channels": 8,
        "layers_per_block": 1,
        "mid_block_scale_factor": 1,
        "norm_eps": 1e-05,
        "norm_num_groups": 4,
        "out_channels": 4,
        "sample_size": 64,
        "up_block_types": ["UpBlock2D", "CrossAttnUpBlock2D"],
    }


def _unet() -> Any:
    from diffusers import UNet2DConditionModel

    return UNet2DConditionModel(**_unet_config()).eval()


def _autoencoder() -> Any:
    from diffusers import AutoencoderKL

    return AutoencoderKL(
        sample_size=256,
        block_out_channels=(4, 4, 4, 8),
        down_block_types=("DownEncoderBlock2D",) * 4,
        up_block_types=("UpDecoderBlock2D",) * 4,
        layers_per_block=1,
        latent_channels=4,
        norm_num_groups=2,
    ).eval()


def _whisper() -> Any:
    from transformers import WhisperConfig, WhisperForConditionalGeneration

    config = WhisperConfig(
        vocab_size=60,
        d_model=WIDTH,
        encoder_layers=LAYERS,
        decoder_layers=1,
        encoder_attention_heads=2,
        decoder_attention_heads=2,
        encoder_ffn_dim=32,
        decoder_ffn_dim=32,
        pad_token_id=0,
        bos_token_id=1,
        eos_token_id=1,
        decoder_start_token_id=2,
    )
    return WhisperForConditionalGeneration(config).eval()
