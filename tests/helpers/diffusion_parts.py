"""Pipelines of diffusers in their true format, so small that each step takes milliseconds."""

from __future__ import annotations

from pathlib import Path
from typing import Any

from avatar_app.engines.diffusion.loading import prepare_libraries

prepare_libraries()

WORDS = ("a", "cat", "dog", "face", "green", "red", "of", "portrait", "smiling", "blurry")


def _seed() -> None:
    import torch

    torch.manual_seed(0)


def _clip_tokenizer() -> Any:
    """Words as they are; the published one has 49,408 tokens."""
    from transformers import CLIPTokenizer

    known = ["<|startoftext|>", "<|endoftext|>"]
    letters = [chr(n) for n in range(ord("a"), ord("z") + 1)]
    tokens = [*known, *letters, *(f"{letter}</w>" for letter in letters)]
    vocabulary = {token: index for index, token in enumerate(tokens)}
    return CLIPTokenizer(vocab=vocabulary, merges=[], model_max_length=77)


def _t5_tokenizer() -> Any:
    from tokenizers import Tokenizer, models, pre_tokenizers
    from transformers import PreTrainedTokenizerFast

    pieces = [("<pad>", 0.0), ("</s>", 0.0), ("<unk>", 0.0), *((word, -1.0) for word in WORDS)]
    tokenizer = Tokenizer(models.Unigram(pieces, unk_id=2))
    tokenizer.pre_tokenizer = pre_tokenizers.Whitespace()
    return PreTrainedTokenizerFast(
        tokenizer_object=tokenizer,
        pad_token="<pad>",
        eos_token="</s>",
        unk_token="<unk>",
        model_max_length=512,
    )


def _clip_text(hidden: int) -> Any:
    from transformers import CLIPTextConfig, CLIPTextModel

    return CLIPTextModel(
        CLIPTextConfig(
            bos_token_id=0,
            eos_token_id=1,
            pad_token_id=1,
            hidden_size=hidden,
            intermediate_size=16,
            num_attention_heads=2,
            num_hidden_layers=2,
            vocab_size=60,
            projection_dim=hidden,
        )
    ).eval()


def _autoencoder(latent: int, **more: Any) -> Any:
    from diffusers import AutoencoderKL

    return AutoencoderKL(
        sample_size=32,
        block_out_channels=(4, 4, 4, 4),
        down_block_types=("DownEncoderBlock2D",) * 4,
        up_block_types=("UpDecoderBlock2D",) * 4,
        layers_per_block=1,
        latent_channels=latent,
        norm_num_groups=2,
        **more,
    ).eval()


def flux_transformer() -> Any:
    from diffusers import FluxTransformer2DModel

    _seed()
    return FluxTransformer2DModel(
        patch_size=1,
        in_channels=16,
        num_layers=1,
        num_single_layers=1,
        attention_head_dim=16,
        num_attention_heads=2,
        joint_attention_dim=32,
        pooled_projection_dim=32,
        axes_dims_rope=[4, 4, 8],
    ).eval()


def write_flux(folder: Path) -> Path:
    from diffusers import FlowMatchEulerDiscreteScheduler, FluxPipeline
    from transformers import T5Config, T5EncoderModel

    _seed()
    vae = _autoencoder(
        4, use_quant_conv=False, use_post_quant_conv=False, shift_factor=0.06, scaling_factor=1.5
    )
    t5 = T5EncoderModel(
        T5Config(vocab_size=32, d_model=32, d_ff=32, d_kv=8, num_layers=1, num_heads=4)
    )
    FluxPipeline(
        scheduler=FlowMatchEulerDiscreteScheduler(),
        vae=vae,
        text_encoder=_clip_text(32),
        tokenizer=_clip_tokenizer(),
        text_encoder_2=t5.eval(),
        tokenizer_2=_t5_tokenizer(),
        transformer=flux_transformer(),
    ).save_pretrained(folder)
    return folder


def write_flux_gguf(path: Path) -> Path:
    """The transformer in Q8_0, by diffusers' own names of its layers."""
    import gguf
    import numpy as np

    writer = gguf.GGUFWriter(str(path), "flux")
    for name, tensor in flux_transformer().state_dict().items():
        values = tensor.numpy()
        if values.ndim == 2 and values.shape[1] % 32 == 0:
            packed = gguf.quants.quantize(values, gguf.GGMLQuantizationType.Q8_0)
            writer.add_tensor(name, packed, raw_dtype=gguf.GGMLQuantizationType.Q8_0)
        else:
            writer.add_tensor(name, values.astype(np.float32))
    writer.write_header_to_file()
    writer.write_kv_data_to_file()
    writer.write_tensors_to_file()
    writer.close()
    return path


def write_svd(folder: Path) -> Path:
    from diffusers import (
        AutoencoderKLTemporalDecoder,
        EulerDiscreteScheduler,
        StableVideoDiffusionPipeline,
        UNetSpatioTemporalConditionModel,
    )
    from transformers import CLIPImageProcessor, CLIPVisionConfig, CLIPVisionModelWithProjection

    _seed()
    unet = UNetSpatioTemporalConditionModel(
        block_out_channels=(32, 64),
        layers_per_block=1,
        sample_size=32,
        down_block_types=("CrossAttnDownBlockSpatioTemporal", "DownBlockSpatioTemporal"),
        up_block_types=("UpBlockSpatioTemporal", "CrossAttnUpBlockSpatioTemporal"),
        cross_attention_dim=32,
        num_attention_heads=8,
        projection_class_embeddings_input_dim=96,
        addition_time_embed_dim=32,
    )
    vision = CLIPVisionModelWithProjection(
        CLIPVisionConfig(
            hidden_size=32,
            projection_dim=32,
            num_hidden_layers=1,
            num_attention_heads=4,
            image_size=224,
            intermediate_size=32,
            patch_size=32,
        )
    )
    vae = AutoencoderKLTemporalDecoder(
        block_out_channels=(32, 32, 32, 32),
        down_block_types=("DownEncoderBlock2D",) * 4,
        layers_per_block=1,
        latent_channels=4,
    )
    scheduler = EulerDiscreteScheduler(
        beta_start=0.00085,
        beta_end=0.012,
        beta_schedule="scaled_linear",
        prediction_type="v_prediction",
        sigma_max=700.0,
        sigma_min=0.002,
        steps_offset=1,
        timestep_spacing="leading",
        timestep_type="continuous",
        use_karras_sigmas=True,
    )
    StableVideoDiffusionPipeline(
        vae=vae.eval(),
        image_encoder=vision.eval(),
        unet=unet.eval(),
        scheduler=scheduler,
        feature_extractor=CLIPImageProcessor(),
    ).save_pretrained(folder)
    return folder


def write_modelscope(folder: Path) -> Path:
    from diffusers import DDIMScheduler, TextToVideoSDPipeline, UNet3DConditionModel

    _seed()
    unet = UNet3DConditionModel(
        block_out_channels=(4, 8),
        layers_per_block=1,
        sample_size=32,
        down_block_types=("CrossAttnDownBlock3D", "DownBlock3D"),
        up_block_types=("UpBlock3D", "CrossAttnUpBlock3D"),
        cross_attention_dim=4,
        attention_head_dim=4,
        norm_num_groups=2,
    )
    scheduler = DDIMScheduler(
        beta_start=0.00085,
        beta_end=0.012,
        beta_schedule="scaled_linear",
        clip_sample=False,
        set_alpha_to_one=False,
    )
    TextToVideoSDPipeline(
        vae=_autoencoder(4),
        text_encoder=_clip_text(4),
        tokenizer=_clip_tokenizer(),
        unet=unet.eval(),
        scheduler=scheduler,
    ).save_pretrained(folder)
    return folder
