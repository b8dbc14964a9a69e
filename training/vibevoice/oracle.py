"""Makes tests/data/vibevoice/oracle.npz: what Microsoft's VibeVoice computes, with a tiny network.

Nothing of it is part of the program. In an environment of its own (Python 3.11, 1.5 GB):

    pip install torch==2.13.0 transformers==4.57.6 diffusers==0.42.1 accelerate tqdm
    git clone https://github.com/microsoft/VibeVoice    # e73d1e17 was read
    PYTHONPATH=VibeVoice python training/vibevoice/oracle.py tests/data/vibevoice/oracle.npz

The file holds the network's configuration and random weights by Microsoft's names, a voice prompt,
a text of tokens, the noise that was drawn, and what came of it: latents, sound, and its end.
"""

from __future__ import annotations

import argparse
import copy
import json
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import numpy as np
import torch
from transformers.cache_utils import DynamicCache
from transformers.modeling_outputs import BaseModelOutputWithPast
from vibevoice.modular.configuration_vibevoice_streaming import VibeVoiceStreamingConfig
from vibevoice.modular.modeling_vibevoice_streaming_inference import (
    VibeVoiceStreamingForConditionalGenerationInference as Reference,
)

CONFIG: dict[str, Any] = {
    "model_type": "vibevoice_streaming",
    "tts_backbone_num_hidden_layers": 3,
    "acoustic_tokenizer_config": {
        "vae_dim": 8,
        "encoder_n_filters": 4,
        "encoder_ratios": [5, 4],
        "encoder_depths": "1-1-2",
        "decoder_n_filters": 4,
        "decoder_ratios": [5, 4],
        "layernorm_eps": 1e-5,
        "causal": True,
        "mixer_layer": "depthwise_conv",
        "layernorm": "RMSNorm",
        "disable_last_norm": True,
        "pad_mode": "constant",
        "conv_norm": "none",
        "conv_bias": True,
    },
    "decoder_config": {
        "model_type": "qwen2",
        "vocab_size": 64,
        "hidden_size": 32,
        "intermediate_size": 48,
        "num_hidden_layers": 5,
        "num_attention_heads": 4,
        "num_key_value_heads": 2,
        "max_position_embeddings": 512,
        "rms_norm_eps": 1e-6,
        "rope_theta": 1_000_000.0,
    },
    "diffusion_head_config": {
        "hidden_size": 32,
        "latent_size": 8,
        "head_layers": 2,
        "head_ffn_ratio": 3.0,
        "rms_norm_eps": 1e-5,
        "ddpm_num_steps": 1000,
        "ddpm_num_inference_steps": 20,
        "ddpm_beta_schedule": "cosine",
        "prediction_type": "v_prediction",
    },
}
TOKENS = 13
"""Two whole windows of text, and a part of one."""
GUIDANCE, STEPS = 1.5, 5
ENDS_AFTER = 15
"""Latents; in the middle of a window, after the text has been read."""
GAIN = 0.7
"""Of random weights: with 1 and more, tiny differences grow from latent to latent."""
PROMPT = {"lm": 7, "tts_lm": 11, "neg_lm": 1, "neg_tts_lm": 1}
"""Lengths of what a voice remembers."""


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("output", type=Path)
    output: Path = parser.parse_args().output
    torch.set_num_threads(1)
    torch.manual_seed(7)
    model = Reference(VibeVoiceStreamingConfig(**copy.deepcopy(CONFIG))).eval()
    randomize(model)
    prompt = remembered(model)
    tokens = torch.randint(0, 64, (1, TOKENS))
    end_after(model, tokens, prompt)
    noise, latents, sound = spoken(model, tokens, prompt)
    assert len(latents) == ENDS_AFTER, len(latents)
    with torch.no_grad():
        scaled = latents / model.model.speech_scaling_factor - model.model.speech_bias_factor
        whole = model.model.acoustic_tokenizer.decode(scaled[None])[0, 0]
    arrays = {f"weights/{key}": value.numpy() for key, value in model.state_dict().items()}
    arrays = {key: value for key, value in arrays.items() if "tokenizer.encoder." not in key}
    arrays |= {f"prompt/{name}/{part}": value for name, part, value in listed(prompt)}
    arrays |= {
        "config": np.array(json.dumps(CONFIG)),
        "tokens": tokens[0].numpy(),
        "noise": noise.numpy(),
        "latents": latents.numpy(),
        "sound": sound.numpy(),
        "whole": whole.numpy(),
        "guidance": np.array(GUIDANCE),
        "steps": np.array(STEPS),
    }
    output.parent.mkdir(parents=True, exist_ok=True)
    np.savez_compressed(output, **arrays)


def randomize(model: Any) -> None:
    """Give every weight a number: some begin as zeros, which would prove nothing."""
    with torch.no_grad():
        for name, value in model.named_parameters():
            if value.ndim == 1 and name.endswith("weight"):
                value.copy_(1 + 0.2 * torch.randn_like(value))
            elif name.endswith("gamma"):
                value.copy_(0.5 + 0.2 * torch.randn_like(value))
            elif value.ndim == 1:
                value.copy_(0.1 * torch.randn_like(value))
            else:
                value.copy_(torch.randn_like(value) * (GAIN / value[0].numel() ** 0.5))
        model.model.speech_scaling_factor.fill_(0.25)
        model.model.speech_bias_factor.fill_(-0.1)


@torch.no_grad()
def remembered(model: Any) -> dict[str, BaseModelOutputWithPast]:
    """Return a voice prompt: what the layers remember of some random input."""
    stacks = {"lm": model.model.language_model, "tts_lm": model.model.tts_language_model}
    made = {}
    for name, length in PROMPT.items():
        stack = stacks[name.removeprefix("neg_")]
        embedded = torch.randn(1, length, 32)
        made[name] = stack(inputs_embeds=embedded, use_cache=True, past_key_values=DynamicCache())
    return made


def listed(prompt: dict[str, BaseModelOutputWithPast]) -> list[tuple[str, str, np.ndarray]]:
    found = []
    for name, output in prompt.items():
        found.append((name, "state", output.last_hidden_state.numpy()))
        layers = output.past_key_values.layers
        found.append((name, "keys", torch.stack([each.keys for each in layers]).numpy()))
        found.append((name, "values", torch.stack([each.values for each in layers]).numpy()))
    return found


@torch.no_grad()
def end_after(model: Any, tokens: torch.Tensor, prompt: Any) -> None:
    """Let the speech end at the latent ENDS_AFTER, and not before: choose a random classifier that
    is surest there."""
    states: list[torch.Tensor] = []
    classifier = model.tts_eos_classifier
    classifier.fc2.bias.fill_(-100.0)
    hook = classifier.register_forward_hook(lambda _module, given, _made: states.append(given[0]))
    spoken(model, tokens, prompt, most=TOKENS + ENDS_AFTER + 3)
    hook.remove()
    deciding = states_of_latents(states)[:ENDS_AFTER]
    classifier.fc2.bias.zero_()
    while True:
        classifier.fc1.weight.normal_(std=0.3)
        scores = classifier(deciding).flatten()
        if scores.argmax() == ENDS_AFTER - 1 and scores[-1] > scores[:-1].max() + 0.1:
            classifier.fc2.bias -= (scores[:-1].max() + scores[-1]) / 2
            return


def states_of_latents(states: list[torch.Tensor]) -> torch.Tensor:
    """Return the states that decide: the classifier also runs inside each pass of the upper
    layers, after text, and without guidance."""
    found, place, text = [], 0, TOKENS
    while place < len(states):
        if text > 0:
            place, text = place + 1, text - 5
        found += [states[at] for at in range(place + 2, place + 18, 3) if at < len(states)]
        place += 18
    return torch.cat([state.reshape(1, -1) for state in found])


def spoken(
    model: Any, tokens: torch.Tensor, prompt: Any, most: int | None = None
) -> tuple[torch.Tensor, torch.Tensor, torch.Tensor]:
    """Return noise, latents and sound of a speech."""
    noises: list[torch.Tensor] = []
    latents: list[torch.Tensor] = []
    drawn, sample = torch.randn, model.sample_speech_tokens

    def noting(*given: Any, **options: Any) -> torch.Tensor:
        noises.append(drawn(*given, **options))
        return noises[-1]

    def sampling(*given: Any, **options: Any) -> torch.Tensor:
        torch.randn = noting
        latents.append(sample(*given, **options))
        torch.randn = drawn
        return latents[-1]

    model.sample_speech_tokens = sampling
    model.set_ddpm_inference_steps(STEPS)
    torch.manual_seed(11)
    lengths = {name: output.last_hidden_state.shape[1] for name, output in prompt.items()}
    input_ids = torch.zeros(1, lengths["lm"], dtype=torch.long)
    upper_ids = torch.zeros(1, lengths["tts_lm"], dtype=torch.long)
    made = model.generate(
        input_ids=input_ids,
        attention_mask=torch.ones_like(input_ids),
        tts_lm_input_ids=upper_ids,
        tts_lm_attention_mask=torch.ones_like(upper_ids),
        tts_text_ids=tokens,
        tokenizer=SimpleNamespace(
            bos_token_id=0, eos_token_id=1, pad_token_id=2,
            speech_start_id=3, speech_end_id=4, speech_diffusion_id=5,
            convert_tokens_to_ids=lambda _: 6,
        ),
        generation_config={"do_sample": False},
        cfg_scale=GUIDANCE,
        max_new_tokens=most,
        show_progress_bar=False,
        all_prefilled_outputs=copy.deepcopy(prompt),
    )  # fmt: skip
    model.sample_speech_tokens = sample
    sound = made.speech_outputs[0].flatten()
    count = len(sound) // 20
    return torch.cat([each[:1] for each in noises])[:count], torch.cat(latents)[:count], sound


if __name__ == "__main__":
    main()
