"""Tiny networks in Coqui's formats with random weights, made for tests: they speak noise, but with
true rates, durations and streaming."""

from __future__ import annotations

import json
import logging
from pathlib import Path
from typing import Any

import numpy as np
import torch

from avatar_app.engines.torchaudio_parts import import_torchaudio

import_torchaudio()

RATE = 22_050
SPEAKERS = ("p225", "p226", "p330")
XTTS_RATE = 24_000
XTTS_SPEAKERS = ("Ana Florence", "Craig Gutsy")
LANGUAGES = ("en", "de", "fr", "es", "it", "pt", "nl", "ja", "zh-cn")
_CONDITIONS = 32
"""Rows of a speaker's manner: what XTTS' perceiver makes of any reference."""


def write_vits(
    folder: Path, speakers: tuple[str, ...] = (), *, seed: int = 1, **arguments: Any
) -> Path:
    """VITS as `tts_models/en/vctk/vits` lies on a disk; `arguments` of its network."""
    from TTS.tts.configs.vits_config import VitsConfig
    from TTS.tts.models.vits import Vits, VitsArgs

    from avatar_app.engines.tts.coqui.pronouncing import use_packaged_espeak

    folder.mkdir(parents=True, exist_ok=True)
    network = {**_TINY_VITS, **arguments}
    if speakers:
        numbers = {name: index for index, name in enumerate(speakers)}
        (folder / "speaker_ids.json").write_text(json.dumps(numbers))
        network |= {"use_speaker_embedding": True}
        network |= {"speaker_embedding_channels": 8}
        network |= {"speakers_file": str(folder / "speaker_ids.json")}
    config = VitsConfig(
        model_args=VitsArgs(**network),
        use_phonemes=True,
        phonemizer="espeak",
        phoneme_language="en-us",
        text_cleaner="phoneme_cleaners",
        add_blank=True,
        use_speaker_embedding=bool(speakers),
        speakers_file=network.get("speakers_file"),
    )
    use_packaged_espeak()
    torch.manual_seed(seed)
    model = Vits(config)
    _take_pace(model.duration_predictor)
    config.model_args.speakers_file = config.speakers_file = "/root/elsewhere/speakers.json"
    config.save_json(folder / "config.json")
    torch.save({"model": model.state_dict(), "step": 1}, folder / "model_file.pth")
    return folder


_TINY_VITS: dict[str, Any] = {
    "hidden_channels": 16,
    "hidden_channels_ffn_text_encoder": 16,
    "num_layers_text_encoder": 1,
    "num_layers_posterior_encoder": 1,
    "num_layers_flow": 1,
    "resblock_kernel_sizes_decoder": [3],
    "resblock_dilation_sizes_decoder": [[1, 3, 5]],
    "upsample_initial_channel_decoder": 32,
    "periods_multi_period_discriminator": [2],
    "use_sdp": False,
}


def _take_pace(predictor: torch.nn.Module) -> None:
    """Some 50 ms for each number: random weights would say a sentence in no time, or never end."""
    with torch.no_grad():
        predictor.proj.weight.mul_(0.05)
        predictor.proj.bias.fill_(1.1)


def write_hifigan(folder: Path, *, statistics: bool = False) -> Path:
    """HiFi-GAN as `vocoder_models/en/ljspeech/hifigan_v2` lies on a disk."""
    from TTS.vocoder.configs import HifiganConfig
    from TTS.vocoder.models.gan import GAN

    folder.mkdir(parents=True, exist_ok=True)
    config = HifiganConfig(generator_model_params=dict(_TINY_HIFIGAN))
    torch.manual_seed(3)
    model = GAN(config)
    _scale(config.audio, folder, statistics=statistics)
    config.save_json(folder / "config.json")
    torch.save({"model": model.state_dict()}, folder / "model_file.pth")
    return folder


_TINY_HIFIGAN: dict[str, Any] = {
    "upsample_factors": [8, 8, 2, 2],
    "upsample_kernel_sizes": [16, 16, 4, 4],
    "upsample_initial_channel": 32,
    "resblock_kernel_sizes": [3, 7],
    "resblock_dilation_sizes": [[1, 3, 5], [1, 3, 5]],
    "resblock_type": "1",
}


def _scale(audio: Any, folder: Path, *, statistics: bool) -> None:
    """Scale by statistics, as the voices of LJSpeech do, or to a range."""
    audio.mel_fmax, audio.signal_norm = 8000.0, True
    audio.symmetric_norm, audio.max_norm, audio.clip_norm = True, 4.0, True
    audio.min_level_db, audio.ref_level_db = -100, 20
    if not statistics:
        return
    audio.stats_path = "/root/elsewhere/scale_stats.npy"
    bands = np.arange(80, dtype=np.float32)
    table = {"mel_mean": bands / 8 - 60, "mel_std": bands / 40 + 10, "audio_config": {}}
    np.save(folder / "scale_stats.npy", np.array(table, dtype=object), allow_pickle=True)


def write_spectrogram(folder: Path, kind: str, *, statistics: bool = False) -> Path:
    """`tts_models/en/ljspeech/glow-tts` or `tacotron2-DDC` with a vocoder, as on a disk."""
    from TTS.tts.configs.glow_tts_config import GlowTTSConfig
    from TTS.tts.configs.tacotron2_config import Tacotron2Config
    from TTS.tts.models.glow_tts import GlowTTS
    from TTS.tts.models.tacotron2 import Tacotron2

    from avatar_app.engines.tts.coqui.pronouncing import use_packaged_espeak

    write_hifigan(folder / "vocoder", statistics=statistics)
    reads = {"use_phonemes": True, "phonemizer": "espeak", "phoneme_language": "en-us"}
    reads |= {"text_cleaner": "phoneme_cleaners"}
    use_packaged_espeak()
    torch.manual_seed(1)
    if kind == "glow_tts":
        config: Any = GlowTTSConfig(**_TINY_GLOW, **reads, inference_noise_scale=0.5)
        model: Any = GlowTTS(config)
        with torch.no_grad():  # some 60 ms a phoneme
            model.encoder.duration_predictor.proj.weight.mul_(0.05)
            model.encoder.duration_predictor.proj.bias.fill_(1.8)
    else:
        config = Tacotron2Config(**_TINY_TACOTRON, **reads)
        model = Tacotron2(config)
    _scale(config.audio, folder, statistics=statistics)
    config.save_json(folder / "config.json")
    weights = {"model": model.state_dict(), "step": 1}
    torch.save(weights | ({"r": 2} if kind == "tacotron2" else {}), folder / "model_file.pth")
    return folder


_TINY_GLOW: dict[str, Any] = {
    "hidden_channels_enc": 16,
    "hidden_channels_dec": 16,
    "hidden_channels_dp": 16,
    "num_flow_blocks_dec": 2,
    "num_block_layers": 1,
    "encoder_params": {
        "kernel_size": 3,
        "dropout_p": 0.1,
        "num_layers": 1,
        "num_heads": 2,
        "hidden_channels_ffn": 16,
        "input_length": None,
    },
}
_TINY_TACOTRON: dict[str, Any] = {
    "r": 2,
    "attention_type": "original",
    "prenet_type": "original",
    "double_decoder_consistency": True,
    "ddc_r": 6,
}


def write_xtts(folder: Path, *, seed: int = 1, **arguments: Any) -> Path:
    """XTTS as `xtts_v2` lies on a disk: config.json, vocab.json, model.pth, speakers_xtts.pth."""
    from TTS.tts.configs.xtts_config import XttsArgs, XttsConfig
    from TTS.tts.models.xtts import Xtts

    folder.mkdir(parents=True, exist_ok=True)
    _write_vocabulary(folder / "vocab.json")
    config = XttsConfig(
        model_args=XttsArgs(
            **{**_TINY_XTTS, **arguments}, tokenizer_file=str(folder / "vocab.json")
        ),
        languages=list(LANGUAGES),
        gpt_cond_len=6,
        gpt_cond_chunk_len=3,
        max_ref_len=10,
    )
    torch.manual_seed(seed)
    model = Xtts(config)
    from TTS.tts.layers.xtts.tokenizer import VoiceBpeTokenizer

    model.tokenizer = VoiceBpeTokenizer(vocab_file=folder / "vocab.json")
    transformers = logging.getLogger("transformers")
    transformers.setLevel(logging.ERROR)  # it warns of what XTTS never uses
    model.init_models()
    transformers.setLevel(logging.WARNING)  # as it was
    config.save_json(folder / "config.json")
    torch.save({"model": model.state_dict(), "config": {}}, folder / "model.pth")
    width = config.model_args.gpt_n_model_channels
    speakers = {
        name: {
            "gpt_cond_latent": torch.randn(1, _CONDITIONS, width),
            "speaker_embedding": torch.randn(1, config.model_args.d_vector_dim, 1),
        }
        for name in XTTS_SPEAKERS
    }
    torch.save(speakers, folder / "speakers_xtts.pth")
    return folder


_TINY_XTTS: dict[str, Any] = {
    "gpt_layers": 2,
    "gpt_n_model_channels": 32,
    "gpt_n_heads": 2,
    "gpt_max_audio_tokens": 26,
    "gpt_max_text_tokens": 200,
    "gpt_num_audio_tokens": 66,
    "gpt_start_audio_token": 64,
    "gpt_stop_audio_token": 65,
    "gpt_use_perceiver_resampler": True,
    "gpt_code_stride_len": 256,
    "decoder_input_dim": 32,
    "d_vector_dim": 512,
}


def _write_vocabulary(path: Path) -> None:
    """Letters, and the signs that XTTS puts around a text."""
    from tokenizers import Tokenizer
    from tokenizers.models import BPE
    from tokenizers.pre_tokenizers import Whitespace

    signs = ["[STOP]", "[UNK]", "[SPACE]", "[START]", *(f"[{name}]" for name in LANGUAGES)]
    letters = "abcdefghijklmnopqrstuvwxyzäöüßáàâãéèêëíìîïóòôõúùûñç0123456789.,!?:'-你好"
    numbers = {sign: index for index, sign in enumerate([*signs, *letters])}
    tokenizer = Tokenizer(BPE(vocab=numbers, merges=[], unk_token="[UNK]"))
    tokenizer.add_special_tokens(signs)
    tokenizer.pre_tokenizer = Whitespace()
    tokenizer.save(str(path))
