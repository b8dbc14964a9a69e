"""Converts the picture graph to the form in which the chosen runtime is fastest."""

from __future__ import annotations

import importlib.util
from collections.abc import Mapping
from dataclasses import replace

import cv2

from avatar_app.core.errors import EngineFailed
from avatar_app.engines.face.lips.region import Region
from avatar_app.engines.face.wav2lip.calibration_audio import calibration_windows
from avatar_app.engines.face.wav2lip.fp16 import convert_to_fp16
from avatar_app.engines.face.wav2lip.int8 import Ranges, measured, quantize
from avatar_app.engines.face.wav2lip.network import AUDIO_ENCODER, DECODER, Arrays
from avatar_app.engines.face.wav2lip.onnx_graph import MELS, Form, picture_graph
from avatar_app.engines.face.wav2lip.runtime import (
    Choice,
    Device,
    Floats,
    InferenceSession,
    Precision,
    Runtime,
)
from avatar_app.engines.face.wav2lip.sessions import open_session

EXACT = frozenset(f"{layer.name}.conv" for layer in (AUDIO_ENCODER[0], *DECODER[-1]))
"""Convolutions that stay in 32 bits: the first and the last, which are cheap and most sensitive."""
_SAMPLES = 12
_PACKAGES = {Runtime.MNN: "MNN", Runtime.OPENVINO: "openvino"}
_AVX_512F = 13
"""OpenCV's number of the processor feature (CV_CPU_AVX_512F)."""


def open_pictures(
    state: Arrays, region: Region, choice: Choice, batch: int, skips: Mapping[str, Floats]
) -> InferenceSession:
    """Return a session of `picture_graph`. `skips`: the terms of a face, (n, …).

    If device or runtime do not support a reduced precision, fp32 is used, and the session states
    so. Raises the same as `open_session`.
    """
    choice = resolve_choice(choice)
    apart = choice.precision is Precision.INT8
    form = Form(residuals_apart=apart, transposed_whole=choice.runtime is Runtime.MNN)
    model = picture_graph(state, region, batch, batch, form)
    if apart:
        ranges = _ranges(state, region, choice, skips)
        return open_session(quantize(model, EXACT, ranges), choice)
    if choice.precision is Precision.FP16:
        try:
            return open_session(convert_to_fp16(model), choice)
        except EngineFailed:  # the device has no 16-bit numbers
            choice = replace(choice, precision=Precision.FP32)
    return open_session(model, choice)


def resolve_choice(choice: Choice) -> Choice:
    """Return the choice with `auto` resolved, and a precision that is supported."""
    on_cpu = choice.device is Device.CPU
    lost = {Precision.FP16} if on_cpu else {Precision.INT8, Precision.BF16}
    if choice.runtime is Runtime.MNN:
        lost = {*lost, Precision.INT8, Precision.BF16}
    precision = Precision.FP32 if choice.precision in lost else choice.precision
    runtime = choice.runtime
    if runtime is Runtime.AUTO:
        fastest = _order(precision) if on_cpu else ()
        runtime = next((each for each in fastest if _is_installed(each)), Runtime.ONNXRUNTIME)
    if precision is Precision.FP32_FAST and runtime is not Runtime.MNN:
        precision = Precision.FP32  # the others have no larger tiles
    return replace(choice, runtime=runtime, precision=precision)


def _order(precision: Precision) -> tuple[Runtime, ...]:
    """Return the runtimes, fastest first, as measured: with AVX-512 direct convolutions beat
    Winograd's."""
    if precision.is_reduced:
        return (Runtime.OPENVINO,)
    if cv2.checkHardwareSupport(_AVX_512F):
        return (Runtime.OPENVINO, Runtime.MNN)
    return (Runtime.MNN, Runtime.OPENVINO)


def _is_installed(runtime: Runtime) -> bool:
    return importlib.util.find_spec(_PACKAGES[runtime]) is not None


def _ranges(state: Arrays, region: Region, choice: Choice, skips: Mapping[str, Floats]) -> Ranges:
    """Calibrate the ranges on the avatar's own face and synthetic speech."""
    exactly = Choice(Runtime.ONNXRUNTIME, threads=choice.threads)
    model = picture_graph(state, region, 1, 1, Form(residuals_apart=True))
    face = {name: term[:1] for name, term in skips.items()}
    samples = [{MELS: mel[None, None], **face} for mel in calibration_windows(_SAMPLES)]
    return measured(model, EXACT, samples, lambda graph: open_session(graph, exactly).run)
