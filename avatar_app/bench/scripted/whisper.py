"""A tiny Whisper model for faster-whisper that always recognizes one sentence."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np

WIDTH = 64
"""Model width: the longest sentence, in words."""
BANDS, FRAMES, MOST_TOKENS, TIMESTAMPS = 80, 1500, 448, 1501
END = "<|endoftext|>"
START = "<|startoftranscript|>"
UNTIMED = "<|notimestamps|>"
SPECIAL = (
    END,
    START,
    "<|translate|>",
    "<|transcribe|>",
    "<|startoflm|>",
    "<|startofprev|>",
    "<|nospeech|>",
    UNTIMED,
)
CLOCK = 2
"""Columns of the model that encode the time, in a circle, and align words with the sound."""
WORD_FRAMES = 20
"""Frames of 20 ms that a word takes."""
SURE = 30.0
"""How much more likely the next word is than any other, in nats."""


def write_whisper(folder: Path, sentence: str, *, silent: bool = False, sure: float = SURE) -> Path:
    """Write a CTranslate2 Whisper model that outputs `sentence` (words that differ) and its end.

    `silent`: it also reports that nobody spoke. `sure`: nats by which the next word is more
    likely.
    """
    words = [f"Ġ{word}" for word in sentence.split()]
    assert len(set(words)) == len(words) <= WIDTH - CLOCK - 3, "each word leads to the next one"
    ordinary = ["<unk>", *words]
    times = [f"<|{0.02 * i:.2f}|>" for i in range(TIMESTAMPS)]
    vocabulary = [*ordinary, *SPECIAL, *times]
    folder.mkdir(parents=True, exist_ok=True)
    _write_model(folder, vocabulary, _successors(words), silent=silent, sure=sure)
    _write_tokenizer(folder, vocabulary)
    return folder


def _successors(words: list[str]) -> list[tuple[str, str]]:
    """Return which token follows which."""
    spoken = list(zip([UNTIMED, *words], [*words, END], strict=True))
    timed = [(START, "<|0.00|>"), ("<|0.00|>", words[0]), ("<|2.00|>", END)]
    return [*spoken[:-1], (words[-1], "<|2.00|>"), *timed]


def _write_model(
    folder: Path,
    vocabulary: list[str],
    successors: list[tuple[str, str]],
    *,
    silent: bool,
    sure: float,
) -> None:
    from ctranslate2.specs.whisper_spec import WhisperSpec

    ids = {token: index for index, token in enumerate(vocabulary)}
    spec = WhisperSpec(1, 1, 1, 1)
    _fill(spec.encoder)
    embeddings = np.zeros((len(vocabulary), WIDTH), np.float32)
    projection = np.zeros((len(vocabulary), WIDTH), np.float32)
    for place, token in enumerate(dict.fromkeys(before for before, _ in successors), CLOCK):
        embeddings[ids[token], place] = 1.0
    for before, after in successors:
        projection[ids[after]] += embeddings[ids[before]] * sure / np.sqrt(WIDTH)
    if silent:
        projection[ids["<|nospeech|>"]] += embeddings[ids[START]] * 2 * SURE / np.sqrt(WIDTH)
    _fill(spec.decoder)
    _align(spec)
    spec.decoder.embeddings.weight = embeddings
    spec.decoder.projection.weight = projection
    spec.decoder.projection.bias = np.zeros(len(vocabulary), np.float32)
    spec.config.suppress_ids = []
    spec.config.suppress_ids_begin = []
    spec.config.lang_ids = []
    spec.config.alignment_heads = [(0, 0)]
    spec.register_vocabulary(vocabulary)
    spec.validate()
    spec.save(str(folder))


def _fill(spec: Any) -> None:
    """Set weights that pass the embedding of the last token through, adding nothing."""

    if isinstance(spec, list):
        for part in spec:
            _fill(part)
        return
    kind = type(spec).__name__
    if kind == "LayerNormSpec":
        spec.gamma, spec.beta = np.ones(WIDTH, np.float32), np.zeros(WIDTH, np.float32)
    elif kind == "LinearSpec":
        return  # set by the layer, which knows its size
    elif kind == "MultiHeadAttentionSpec":
        _fill(spec.layer_norm)
        rows_of = {2: (3 * WIDTH, WIDTH), 3: (WIDTH, 2 * WIDTH, WIDTH)}[len(spec.linear)]
        for linear, rows in zip(spec.linear, rows_of, strict=True):
            _linear(linear, rows, WIDTH)
    elif kind == "FeedForwardSpec":
        _fill(spec.layer_norm)
        _linear(spec.linear_0, WIDTH, WIDTH)
        _linear(spec.linear_1, WIDTH, WIDTH)
    elif kind == "Conv1DSpec":
        return
    else:
        for name, part in vars(spec).items():
            if name == "conv1":
                part.weight = np.zeros((WIDTH, BANDS, 3), np.float32)
                part.bias = np.zeros(WIDTH, np.float32)
            elif name == "conv2":
                part.weight = np.zeros((WIDTH, WIDTH, 3), np.float32)
                part.bias = np.zeros(WIDTH, np.float32)
            elif name == "position_encodings":
                rows = FRAMES if hasattr(spec, "conv1") else MOST_TOKENS
                part.encodings = np.zeros((rows, WIDTH), np.float32)
            elif (
                name not in ("embeddings", "projection") and hasattr(part, "__dict__")
            ) or isinstance(part, list):
                _fill(part)


def _align(spec: Any) -> None:
    """Let each word attend to the sound at its time."""
    spec.encoder.position_encodings.encodings = _clock(np.arange(FRAMES))
    spec.decoder.position_encodings.encodings = _clock(np.arange(MOST_TOKENS) * WORD_FRAMES)
    looking = spec.decoder.layer[0].attention
    for weight in (looking.linear[0].weight, looking.linear[1].weight):
        weight[:CLOCK, :CLOCK] = 10 * np.eye(CLOCK)


def _clock(frames: np.ndarray) -> np.ndarray:
    turned = 2 * np.pi * frames / FRAMES
    encodings = np.zeros((len(frames), WIDTH), np.float32)
    encodings[:, 0], encodings[:, 1] = np.cos(turned), np.sin(turned)
    return encodings


def _linear(linear: Any, rows: int, columns: int) -> None:
    linear.weight = np.zeros((rows, columns), np.float32)
    linear.bias = np.zeros(rows, np.float32)


def _write_tokenizer(folder: Path, vocabulary: list[str]) -> None:
    from tokenizers import AddedToken, Tokenizer
    from tokenizers.decoders import ByteLevel as ByteLevelDecoder
    from tokenizers.models import WordLevel
    from tokenizers.pre_tokenizers import ByteLevel

    ids = {token: index for index, token in enumerate(vocabulary)}
    tokenizer = Tokenizer(WordLevel(ids, unk_token="<unk>"))
    tokenizer.pre_tokenizer = ByteLevel(add_prefix_space=True)
    tokenizer.decoder = ByteLevelDecoder()
    tokenizer.add_special_tokens([AddedToken(token, special=True) for token in SPECIAL])
    tokenizer.save(str(folder / "tokenizer.json"))
