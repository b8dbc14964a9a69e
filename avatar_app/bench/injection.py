"""Injection: what vectors of pictures, sounds and films cost before a language model reads them."""

from __future__ import annotations

import time
from collections.abc import Callable
from typing import Any

import numpy as np

from avatar_app.bench.result import Report
from avatar_app.settings.schema import Settings
from avatar_app.system.paths import AppPaths

WIDTHS = (576, 1024, 2048, 4096)
"""Of language models: SmolLM2 135M, one of half a billion, of 1.7 and of 8 billion parameters."""
SOURCES = {"picture": (1, 768), "sound": (1, 512), "video": (8, 768)}
"""Vectors and their width, as SigLIP, Whisper and VideoMAE of base size give them."""
LATENCY_MS = 3.0
"""The design's figures: 0.5 to 3 ms, 50 to 1000 MB."""
MEMORY_MB = 1000.0
_HEADS = 8
_ROUNDS, _QUICK_ROUNDS = 200, 30
_WARM_UP = 3


def measure(settings: Settings, paths: AppPaths, *, quick: bool) -> Report:
    """Project and fuse one picture, one sound and one film, for each width, on the processor; and
    put them among the words of a small model. Raises ModelMissing without PyTorch."""
    del settings, paths
    from avatar_app.multimodal.libraries import prepare

    prepare()
    report = Report()
    rounds = _QUICK_ROUNDS if quick else _ROUNDS
    for width in WIDTHS:
        fuse, megabytes = _fusion(width)
        took = _times(fuse, rounds)
        report.add_percentiles(f"fuse_{width}", took, "ms", p50=LATENCY_MS, p95=None)
        report.add(f"memory_{width}", megabytes, "MB", most=MEMORY_MB)
    plain, injected, hidden = _injections()
    steps = {"words": plain, "input": injected, "hidden": hidden}
    typical = {name: float(np.median(_times(step, rounds))) for name, step in steps.items()}
    report.add("inject_input", typical["input"] - typical["words"], "ms", most=LATENCY_MS)
    report.add("inject_hidden", typical["hidden"] - typical["words"], "ms", most=LATENCY_MS)
    return report


def _fusion(width: int) -> tuple[Callable[[], Any], float]:
    """Return what fuses the modalities, and the megabytes of its weights."""
    import torch

    from avatar_app.multimodal.architect import NeuralArchitect

    architect = NeuralArchitect(width, _HEADS).eval()
    given = {name: torch.randn(1, *shape) for name, shape in SOURCES.items()}
    architect.project_embeddings(**given)  # makes the projections
    bytes_held = sum(each.numel() * each.element_size() for each in architect.parameters())

    def fuse() -> None:
        with torch.inference_mode():
            architect.project_and_fuse(**given)

    return fuse, bytes_held / 1e6


def _injections() -> tuple[Callable[[], Any], ...]:
    """Return how a small Llama reads words alone, vectors among them, and vectors in a layer."""
    import torch
    from transformers import LlamaConfig, LlamaForCausalLM

    from avatar_app.multimodal.bridge import NexusBridge
    from avatar_app.multimodal.prompts import InjectionPrompt

    width, words = 576, 32
    config = LlamaConfig(
        vocab_size=1000,
        hidden_size=width,
        intermediate_size=1536,
        num_hidden_layers=4,
        num_attention_heads=9,
        num_key_value_heads=3,
    )
    bridge = NexusBridge(LlamaForCausalLM(config))
    prompt = InjectionPrompt(tuple(range(words // 2)), tuple(range(words // 2)))
    vectors = torch.randn(1, 4, width)
    whole = torch.tensor([[*prompt.before, *range(4), *prompt.after]])

    def plain() -> None:
        with torch.inference_mode():
            bridge.model(whole, logits_to_keep=1, use_cache=False)

    def at(point: str) -> Callable[[], None]:
        def inject() -> None:
            with torch.inference_mode():
                bridge.next_logits(vectors, prompt, point)

        return inject

    return plain, at("input"), at("hidden")


def _times(step: Callable[[], Any], rounds: int) -> list[float]:
    """Return the milliseconds of each round on the clock."""
    for _ in range(_WARM_UP):
        step()
    took = []
    for _ in range(rounds):
        began = time.perf_counter()
        step()
        took.append((time.perf_counter() - began) * 1000)
    return took
