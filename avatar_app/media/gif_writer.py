"""Writes pictures to a GIF, in the colors that suit all of them."""

from __future__ import annotations

from collections.abc import Callable
from fractions import Fraction
from pathlib import Path
from typing import Any

import numpy as np

from avatar_app.core.values import Image
from avatar_app.media.clip_formats import Encoding

_SAMPLES = 24
"""Pictures from which the colors are chosen."""


def write_gif(
    frames: Image,
    fps: Fraction,
    path: Path,
    encoding: Encoding,
    tell: Callable[[float], None],
) -> None:
    """Write the pictures, uint8, shape (height, width, 3), RGB. Raises OSError."""
    import av

    height, width = frames[0].shape[:2]
    palette = _palette(frames, fps, int(encoding.options["colors"]))
    with av.open(str(path), "w", format="gif") as container:
        stream: Any = container.add_stream("gif", rate=fps)
        stream.width, stream.height, stream.pix_fmt = width, height, "pal8"
        graph, source, sink = _painter(width, height, fps, palette)
        for index, image in enumerate(frames):
            source.push(_picture(image, index, fps))
            painted = sink.pull()
            painted.pts, painted.time_base = index, 1 / fps
            container.mux(stream.encode(painted))
            tell((index + 1) / len(frames))
        container.mux(stream.encode(None))
        del graph


def _rgb() -> Any:
    import av

    return av.VideoFormat("rgb24")


def _picture(image: Image, index: int, fps: Fraction) -> Any:
    import av

    frame = av.VideoFrame.from_ndarray(np.ascontiguousarray(image), format="rgb24")
    frame.pts, frame.time_base = index, 1 / fps
    return frame


def _palette(frames: Image, fps: Fraction, colors: int) -> Any:
    """Return a picture of 16 × 16 colors."""
    import av

    height, width = frames[0].shape[:2]
    graph = av.filter.Graph()
    source = graph.add_buffer(width=width, height=height, format=_rgb(), time_base=1 / fps)
    chooser = graph.add("palettegen", f"max_colors={colors}:reserve_transparent=0")
    sink = graph.add("buffersink")
    source.link_to(chooser)
    chooser.link_to(sink)
    graph.configure()
    step = max(1, len(frames) // _SAMPLES)
    for index in range(0, len(frames), step):
        source.push(_picture(frames[index], index, fps))
    source.push(None)
    return sink.pull()


def _painter(width: int, height: int, fps: Fraction, palette: Any) -> tuple[Any, Any, Any]:
    """Return a graph that paints pictures in the colors of the palette, its entry and its exit."""
    import av

    graph = av.filter.Graph()
    source = graph.add_buffer(width=width, height=height, format=_rgb(), time_base=1 / fps)
    colors = graph.add_buffer(
        width=palette.width, height=palette.height, format=palette.format, time_base=1 / fps
    )
    painter = graph.add("paletteuse", "dither=bayer:bayer_scale=3")
    sink = graph.add("buffersink")
    source.link_to(painter, 0, 0)
    colors.link_to(painter, 0, 1)
    painter.link_to(sink)
    graph.configure()
    palette.pts, palette.time_base = 0, 1 / fps
    colors.push(palette)
    colors.push(None)
    return graph, source, sink
