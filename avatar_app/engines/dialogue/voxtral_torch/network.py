"""Voxtral's networks in PyTorch: text and sound in, text out; what was processed stays cached."""

from __future__ import annotations

import hashlib
import time
from collections.abc import Generator, Iterator, Mapping, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import Any
from uuid import uuid4

from avatar_app.core.turn import Turn
from avatar_app.engines.dialogue.voxtral_torch.files import TOKENIZER
from avatar_app.engines.dialogue.voxtral_torch.hearing import windows_of
from avatar_app.engines.dialogue.voxtral_torch.sampling import Sampler
from avatar_app.engines.dialogue.voxtral_torch.states import read_state, write_state
from avatar_app.engines.dialogue.voxtral_torch.tokens import TekkenTokens
from avatar_app.engines.diffusion.levels import CUDA, Level, Precision, Stairs, levels_for
from avatar_app.engines.diffusion.loading import loading_errors, prepare_libraries
from avatar_app.engines.llama_cpp.backend import Evaluated

BATCH, CARD_BATCH = 32, 512
"""Tokens processed at once."""
BEGIN_AUDIO = "[BEGIN_AUDIO]"
TITLE = "Voxtral"
Place = int | tuple[str, int]
"""What stands at a place of the prompt: a token, or a sound and a frame of it."""


class TorchVoxtral:
    """A `Writer` and `StateKeeper` (https://huggingface.co/docs/transformers/model_doc/voxtral).

    A cancelled turn ends within a layer of its networks.
    """

    window_tokens = 378
    """375 frames, and the token before them."""

    def __init__(self, folder: Path, threads: int, device: str) -> None:
        """Raises InputInvalid, DeviceUnavailable or OutOfMemory."""
        prepare_libraries()
        import torch
        import transformers

        transformers.utils.logging.disable_progress_bar()
        torch.set_num_threads(threads)
        self.version = f"transformers {transformers.__version__}"
        self.marker = f"<sound {uuid4().hex}>"  # nothing that is said contains it
        with loading_errors(folder, TITLE, "Download its files again."):
            self._tokens = TekkenTokens(folder / TOKENIZER)
            self._begin_audio = self._tokens.control(BEGIN_AUDIO)
            self._extractor = transformers.WhisperFeatureExtractor.from_pretrained(
                folder, local_files_only=True
            )
            on_card = (Level(CUDA, Precision.BF16),)
            levels = [
                each for each in levels_for(device, on_card) if each.precision == Precision.BF16
            ]
            self._stairs = Stairs(TITLE, levels, lambda level: _loaded(folder, level))
        self._network: Any = self._stairs.run(lambda network: network)
        self._sounds: dict[str, Any] = {}
        self._places: list[Place] = []
        self._cache: Any = None
        self._turn: Turn | None = None
        self._evaluated = Evaluated()
        self._follow_turns()

    def count(self, text: str) -> int:
        return 1 + len(self._tokens.encode(text.replace(self.marker, BEGIN_AUDIO)))

    def write(
        self,
        text: str,
        longest: int,
        sampling: Mapping[str, Any],
        turn: Turn,
        media: Sequence[bytes] = (),
    ) -> Generator[str]:
        with self._following(turn):
            yield ""
            yield from self._processed(self._placed(text, media))
            yield from self._tokens.decode(self._continued(longest, Sampler(sampling)))

    def read(self, text: str, turn: Turn) -> Generator[str]:
        with self._following(turn):
            yield from self._processed(self._placed(text, ()))

    def evaluated(self) -> Evaluated:
        evaluated, self._evaluated = self._evaluated, Evaluated()
        return evaluated

    def save(self, file: Path) -> None:
        """Raises ValueError where sounds are part of it."""
        tokens = [each for each in self._places if isinstance(each, int)]
        if len(tokens) < len(self._places) or self._cache is None:
            raise ValueError("there is no state of a text")
        write_state(file, tokens, self._cache)

    def restore(self, file: Path) -> None:
        self._places, self._cache = [], None
        tokens, self._cache = read_state(file, self._stairs.level)
        self._places = list(tokens)

    def close(self) -> None:
        self._network = self._cache = None
        self._sounds.clear()
        self._stairs.close()

    def _placed(self, text: str, media: Sequence[bytes]) -> list[Place]:
        """Return the prompt place by place; the sounds in it are heard."""
        first, *others = text.split(self.marker)
        places: list[Place] = [self._tokens.begin, *self._tokens.encode(first)]
        known, self._sounds = self._sounds, {}
        for sound, rest in zip(media, others, strict=True):
            name = hashlib.sha256(sound).hexdigest()
            heard = known.get(name)
            self._sounds[name] = self._heard(sound) if heard is None else heard
            places.append(self._begin_audio)
            places += ((name, frame) for frame in range(len(self._sounds[name])))
            places += self._tokens.encode(rest)
        return places

    def _heard(self, sound: bytes) -> Any:
        """Return a sound as embeddings, (frames, width)."""
        import torch

        weights = self._network.lm_head.weight
        windows = windows_of(sound, self._extractor).to(weights.device, weights.dtype)
        with torch.inference_mode():
            heard = self._network.get_audio_features(windows)
        return getattr(heard, "pooler_output", heard)

    def _embedded(self, places: Sequence[Place]) -> Any:
        import torch

        table = self._network.get_input_embeddings().weight
        rows = [
            table[each] if isinstance(each, int) else self._sounds[each[0]][each[1]]
            for each in places
        ]
        return torch.stack(rows)[None]

    def _processed(self, places: list[Place]) -> Iterator[str]:
        """Process what is new of a prompt, at least its last place; yields "" after each batch."""
        done = min(_alike(self._places, places), len(places) - 1)
        batch = CARD_BATCH if self._stairs.level.device == CUDA else BATCH
        began = time.monotonic()
        for at in range(done, len(places), batch):
            self._step(places[:at], places[at : at + batch])
            yield ""
        seconds = time.monotonic() - began
        self._evaluated += Evaluated(len(places) - done, seconds)

    def _step(self, before: list[Place], new: list[Place]) -> None:
        """Process `new` after `before`, which is in the cache; `_logits` says what comes next."""
        import torch
        from transformers import DynamicCache

        if self._cache is None or not before:
            self._cache = DynamicCache()
        for layer in self._cache.layers:  # some have more, where a step was interrupted
            if (surplus := layer.get_seq_length() - len(before)) > 0:
                layer.crop(-surplus)
        self._places = list(before)
        with torch.inference_mode():
            output = self._network(
                inputs_embeds=self._embedded(new), past_key_values=self._cache, logits_to_keep=1
            )
        self._places += new
        self._logits = output.logits[0, -1].float()

    def _continued(self, longest: int, sampler: Sampler) -> Iterator[int]:
        for _ in range(longest):
            token = sampler.chosen(self._logits)
            if token == self._tokens.end:
                return
            yield token
            self._step(self._places, [token])

    def _follow_turns(self) -> None:
        """Let each layer look whether the turn goes on."""
        network = self._network.model
        for layer in (*network.audio_tower.layers, *network.language_model.layers):
            layer.register_forward_pre_hook(self._check)

    def _check(self, *_: Any) -> None:
        if self._turn is not None:
            self._turn.check()

    @contextmanager
    def _following(self, turn: Turn) -> Iterator[None]:
        self._turn = turn
        try:
            turn.check()
            yield
        finally:
            self._turn = None


def _loaded(folder: Path, level: Level) -> Any:
    from transformers import VoxtralForConditionalGeneration

    network = VoxtralForConditionalGeneration.from_pretrained(
        folder, dtype=level.dtype, use_safetensors=True, local_files_only=True
    )
    return network.eval().to(level.device)


def _alike(one: Sequence[Place], other: Sequence[Place]) -> int:
    """Return how many places at the beginning are the same."""
    pairs = enumerate(zip(one, other, strict=False))
    return next((at for at, (a, b) in pairs if a != b), min(len(one), len(other)))
