"""Wav2Lip: its speed as a multiple of plain PyTorch's, in turns in one run, and what it costs.

Speed is pictures in a row, as a speech needs them; `composed` is for a single one.
The weights are random but the same everywhere; speed does not depend on them. Without torch nothing
is compared, and the bench says so.
"""

from __future__ import annotations

import time
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from functools import partial
from itertools import pairwise

import numpy as np
import psutil
from numpy.typing import NDArray

from avatar_app.bench.plain_torch import TORCH, plain_torch
from avatar_app.bench.progress import show_steps
from avatar_app.bench.result import Report
from avatar_app.core.values import Image
from avatar_app.engines.face.lips.blend import Blender, lip_mask
from avatar_app.engines.face.lips.mel import BANDS, WINDOW_COLUMNS
from avatar_app.engines.face.lips.performing import one_ahead
from avatar_app.engines.face.lips.region import SIDE, Region
from avatar_app.engines.face.wav2lip.lips import LipPainter
from avatar_app.engines.face.wav2lip.network import COUNTER, expected_shapes
from avatar_app.engines.face.wav2lip.runtime import Choice, Precision, give_back_memory
from avatar_app.media.video_writer import VideoWriter
from avatar_app.settings.schema import Settings
from avatar_app.system.paths import AppPaths

Floats = NDArray[np.float32]
SHOWN = Region(top=50, bottom=93, left=12, right=81)
"""The painted part of a broadly smiling face (scikit-image's astronaut), from nose to chin."""
SIZE = (1280, 720)
BOX = (504.0, 170.0, 774.0, 506.0)
"""The position of that face in a picture of SIZE."""
COMPOSED_MS, REDUCED_MS, BLENDED_MS, ENCODED_MS = 60, 40, 0.3, 4
THREADS = 2
ROUNDS, QUICK_ROUNDS = 7, 3
TIMES_A_ROUND = 5
BATCHES = (1, 4)
FP32, FAST, REDUCED = "fp32", "fast", "reduced"
NOISE_DB = 35
"""Minimum distance of the loss of reduced precision from the brightest white."""
EXACT = 1e-4
"""Maximum difference of fp32 pictures, 0 to 1, from plain PyTorch's."""


@dataclass
class _Contestant:
    """One implementation that computes a batch of pictures."""

    name: str
    batch: int
    begin: Callable[[Floats], Callable[[], Floats]]
    ms: list[float] = field(default_factory=list)
    """Per picture, from one finished batch to the next."""

    def race(self, mels: Floats) -> None:
        """Run batch after batch as during speech; the first fills the caches, and nothing runs
        beside the last."""
        mels, finished = mels[: self.batch], []
        for finish in one_ahead(self.begin(mels) for _ in range(TIMES_A_ROUND + 2)):
            finish()
            finished.append(time.perf_counter())
        self.ms += [(end - begin) * 1000 / self.batch for begin, end in pairwise(finished[:-1])]


def measure(settings: Settings, paths: AppPaths, *, quick: bool) -> Report:
    """Measure plain PyTorch (each picture whole, nothing cached), fp32 and reduced precision, in
    turns."""
    del settings  # it needs neither an avatar nor a checkpoint
    state, face, mels = random_state(), _face(), _mels()
    report = Report()
    painters = dict(_painters(state, face, report))
    contestants = [
        _Contestant(name, painter.batch, painter.begin) for (name, _), painter in painters.items()
    ]
    plain = plain_torch(state, face, SHOWN, THREADS)
    if plain is not None:
        step_by_step = partial(partial, plain)
        contestants += [_Contestant(TORCH, batch, step_by_step) for batch in BATCHES]
    for _ in show_steps("wav2lip, round", range(QUICK_ROUNDS if quick else ROUNDS)):
        for contestant in contestants:
            contestant.race(mels)
    _compare(report, contestants)
    _judge(report, painters, plain, mels)
    _compose(report, painters, mels)
    _encode(report, paths)
    return report


def random_state(seed: int = 7, gain: float = 1.1) -> dict[str, Floats]:
    """Return weights as in tests/data/wav2lip/weights.py: He-scaled, batch norms away from
    identity."""
    state = {}
    for index, (key, shape) in enumerate(sorted(expected_shapes().items())):
        rng = np.random.default_rng([seed, index])
        part = key.rsplit(".", 1)[1]
        if part == COUNTER:
            continue
        if part == "running_var":
            values = rng.uniform(0.7, 1.4, shape)
        elif len(shape) == 4:
            values = rng.standard_normal(shape) * gain * (2 / np.prod(shape[1:])) ** 0.5
        elif part == "weight":
            values = rng.uniform(0.5, 1.0, shape)
        else:
            values = rng.standard_normal(shape) * 0.1
        state[key] = values.astype(np.float32)
    return state


def _face() -> Image:
    return np.random.default_rng(1).integers(0, 256, (SIDE, SIDE, 3)).astype(np.uint8)


def _mels() -> Floats:
    shape = (max(BATCHES), BANDS, WINDOW_COLUMNS)
    return np.random.default_rng(2).uniform(-4, 2, shape).astype(np.float32)


def _painters(
    state: Mapping[str, Floats], face: Image, report: Report
) -> list[tuple[tuple[str, int], LipPainter]]:
    """Return fp32 for each batch, also within one of 255 levels where the runtime has that, and the
    reduced precision: bf16 where this machine has it, else int8."""
    before = _megabytes()
    first = LipPainter(state, face, SHOWN, Choice(threads=THREADS))
    report.add("engine_memory", _megabytes() - before, "MB", most=450)
    found = [((FP32, 1), first)]
    for batch in BATCHES[1:]:
        painter = LipPainter(state, face, SHOWN, Choice(threads=THREADS), batch)
        found.append(((FP32, batch), painter))
    for batch in BATCHES:
        fast = Choice(precision=Precision.FP32_FAST, threads=THREADS)
        painter = LipPainter(state, face, SHOWN, fast, batch)
        if painter.precision is not Precision.FP32_FAST:
            break
        found.append(((FAST, batch), painter))
    for precision in (Precision.BF16, Precision.INT8):
        painter = LipPainter(state, face, SHOWN, Choice(precision=precision, threads=THREADS))
        if painter.precision is precision:
            found.append(((REDUCED, 1), painter))
            break
    return found


def _megabytes() -> float:
    give_back_memory()
    return float(psutil.Process().memory_info().rss) / 1e6


def _compare(report: Report, contestants: list[_Contestant]) -> None:
    """Compare the best times, as other programs can only add to a time."""
    best = {(each.name, each.batch): min(each.ms) for each in contestants}
    for each in contestants:
        report.series[f"{each.name}_batch_{each.batch} [ms]"] = each.ms
        report.add(f"{each.name}_batch_{each.batch}", best[each.name, each.batch], "ms/picture")
        median = float(np.median(each.ms))
        report.add(f"{each.name}_batch_{each.batch}_p50", median, "ms/picture")
    within_a_level = {key: ms for key, ms in best.items() if key[0] in (FP32, FAST)}
    fastest = min(within_a_level.values(), default=np.nan)
    report.add("fp32_fps", 1000 / fastest, "Hz", least=45)
    reduced = best.get((REDUCED, 1))
    report.add("reduced_fps", None if reduced is None else 1000 / reduced, "Hz", least=50)

    def times(name: str, batch: int) -> float | None:
        ours, theirs = best.get((name, batch)), best.get((TORCH, batch))
        return None if ours is None or theirs is None else theirs / ours

    ratios = {key: times(*key) for key in within_a_level}
    for (name, batch), ratio in ratios.items():
        least = 3.5 if (name, batch) == (FP32, 1) else None
        title = f"{name}_per_torch_batch_{batch}"
        report.add_compared(title, ratio, "times", other=TORCH, least=least)
    known = [ratio for ratio in ratios.values() if ratio is not None]
    best_ratio = max(known, default=None)
    report.add_compared(
        "within_a_level_per_torch_best", best_ratio, "times", other=TORCH, least=4.0
    )
    ratio = times(REDUCED, 1)
    report.add_compared("reduced_per_torch_batch_1", ratio, "times", other=TORCH, least=5.5)


def _judge(
    report: Report,
    painters: Mapping[tuple[str, int], LipPainter],
    plain: Callable[[Floats], Floats] | None,
    mels: Floats,
) -> None:
    """Measure how far the pictures are from the exact ones."""
    exact = painters[FP32, max(BATCHES)].paint(mels)
    apart = None if plain is None else float(np.abs(plain(mels) - exact).max())
    millionths = None if apart is None else apart * 1e6
    title = "fp32_largest_difference"
    report.add_compared(title, millionths, "millionths", other=TORCH, most=EXACT * 1e6)
    fast = painters.get((FAST, max(BATCHES)))
    if fast is not None:
        levels = 255 * float(np.abs(fast.paint(mels) - exact).max())
        report.add("fast_largest_difference", levels, "of 255 levels", most=1)
    reduced = painters.get((REDUCED, 1))
    noise = None
    if reduced is not None:
        pictures = np.concatenate([reduced.paint(mel[None]) for mel in mels])
        noise = -10 * float(np.log10(np.mean((pictures - exact) ** 2)))
    report.add("reduced_psnr", noise, "dB", least=NOISE_DB)


def _compose(
    report: Report, painters: Mapping[tuple[str, int], LipPainter], mels: Floats, count: int = 60
) -> None:
    """Measure the time from available speech to the whole picture, and of composition alone."""
    width, height = SIZE
    picture = np.random.default_rng(3).integers(0, 256, (height, width, 3)).astype(np.uint8)
    mask = lip_mask(np.full((SIDE, SIDE), 255, np.uint8), SHOWN)
    blender = Blender(picture, BOX, mask, SHOWN)
    for name, most in ((FP32, COMPOSED_MS), (REDUCED, REDUCED_MS)):
        painter = painters.get((name, 1))
        whole: list[float] = []
        for _ in range(count if painter is not None else 0):
            assert painter is not None
            began = time.perf_counter()
            patch = np.rint(np.clip(painter.paint(mels[:1])[0], 0, 1) * 255).astype(np.uint8)
            blender.blend(patch)
            whole.append((time.perf_counter() - began) * 1000)
        report.add_percentiles(f"{name}_composed", whole, "ms", p50=None, p95=most)
    blended: list[float] = []
    patch = np.zeros((*SHOWN.shape, 3), np.uint8)
    for _ in range(count):
        began = time.perf_counter()
        blender.blend(patch)
        blended.append((time.perf_counter() - began) * 1000)
    report.add_percentiles("composition", blended, "ms", p50=BLENDED_MS)


def _encode(report: Report, paths: AppPaths, count: int = 100) -> None:
    """Measure x264, ultrafast, conversion included, for pictures in which only the lips change."""
    rng = np.random.default_rng(4)
    width, height = SIZE
    picture = np.full((height, width, 3), 128, np.uint8)
    x0, y0, x1, y1 = (round(edge) for edge in BOX)
    encoded: list[float] = []
    with VideoWriter(paths.videos / "encoded.mp4", 25, "ultrafast", silent=True) as movie:
        for _ in range(count):
            picture[y0:y1:8, x0:x1:8] = rng.integers(0, 256, 3)
            began = time.perf_counter()
            movie.add_picture(picture)
            encoded.append((time.perf_counter() - began) * 1000)
    report.add_percentiles("x264_ultrafast", encoded, "ms", p50=ENCODED_MS)
