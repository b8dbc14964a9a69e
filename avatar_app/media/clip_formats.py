"""The files that a clip can become: containers, codecs, and four qualities of each."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from enum import StrEnum

from avatar_app.core.errors import ConfigInvalid, choose_one_of


class ClipFormat(StrEnum):
    """The container; the value is its file extension."""

    MP4 = "mp4"
    WEBM = "webm"
    MOV = "mov"
    AVI = "avi"
    GIF = "gif"


class ClipCodec(StrEnum):
    """The codec of the pictures."""

    AUTO = "auto"  # the first one of the container
    H264 = "h264"
    HEVC = "hevc"
    VP9 = "vp9"
    PRORES = "prores"
    GIF = "gif"


class ClipQuality(StrEnum):
    """How exact the pictures are; the CRF is 28, 23, 18 or 0."""

    LOW = "low"
    MEDIUM = "medium"
    HIGH = "high"
    LOSSLESS = "lossless"


CRF: Mapping[ClipQuality, int] = {
    ClipQuality.LOW: 28,
    ClipQuality.MEDIUM: 23,
    ClipQuality.HIGH: 18,
    ClipQuality.LOSSLESS: 0,
}
"""Constant rate factor of x264 and x265; VP9 takes the same numbers on its scale of 0 to 63."""
_CODECS: Mapping[ClipFormat, tuple[ClipCodec, ...]] = {
    ClipFormat.MP4: (ClipCodec.H264, ClipCodec.HEVC, ClipCodec.VP9),
    ClipFormat.WEBM: (ClipCodec.VP9,),
    ClipFormat.MOV: (ClipCodec.H264, ClipCodec.HEVC, ClipCodec.PRORES),
    ClipFormat.AVI: (ClipCodec.H264,),
    ClipFormat.GIF: (ClipCodec.GIF,),
}
_SOUND: Mapping[ClipFormat, str] = {
    ClipFormat.MP4: "aac",
    ClipFormat.WEBM: "libopus",
    ClipFormat.MOV: "aac",
    ClipFormat.AVI: "pcm_s16le",
}
_SUBTITLES: Mapping[ClipFormat, str] = {
    ClipFormat.MP4: "mov_text",
    ClipFormat.MOV: "mov_text",
    ClipFormat.WEBM: "webvtt",
}
_PRORES_PROFILES: Mapping[ClipQuality, int] = {
    ClipQuality.LOW: 0,  # Proxy
    ClipQuality.MEDIUM: 2,  # 422
    ClipQuality.HIGH: 3,  # 422 HQ
    ClipQuality.LOSSLESS: 4,  # 4444: the nearest that ProRes has
}
_GIF_COLORS: Mapping[ClipQuality, int] = {
    ClipQuality.LOW: 64,
    ClipQuality.MEDIUM: 128,
    ClipQuality.HIGH: 256,
    ClipQuality.LOSSLESS: 256,  # a GIF has no more
}


@dataclass(frozen=True, slots=True)
class Encoding:
    """How the pictures and the sound of a clip are encoded, in FFmpeg's names."""

    format: ClipFormat
    codec: ClipCodec
    encoder: str
    pixels: str
    """Pixel format."""
    options: dict[str, str] = field(default_factory=dict)
    sound: str = ""
    """The sound's encoder; empty: there is none."""
    subtitles: str = ""
    """The subtitle codec; empty: they become a file beside the clip."""
    tag: str = ""
    """The codec's tag where players demand a certain one."""


def check_codec(format: ClipFormat, codec: ClipCodec) -> ClipCodec:
    """Return the codec for a container; raises ConfigInvalid where it cannot hold it."""
    possible = _CODECS[format]
    if codec is ClipCodec.AUTO:
        return possible[0]
    if codec not in possible:
        raise ConfigInvalid(f"A {format} file cannot contain {codec}.", choose_one_of(possible))
    return codec


def encoding_of(format: ClipFormat, codec: ClipCodec, quality: ClipQuality) -> Encoding:
    """Return how to encode; raises ConfigInvalid for a codec that does not fit."""
    chosen = check_codec(format, codec)
    lossless = quality is ClipQuality.LOSSLESS
    planes = "yuv444p" if lossless else "yuv420p"
    crf = str(CRF[quality])
    sound, subtitles = _SOUND.get(format, ""), _SUBTITLES.get(format, "")
    match chosen:
        case ClipCodec.H264:
            options = {"preset": "veryfast", "crf": crf}
            return Encoding(format, chosen, "libx264", planes, options, sound, subtitles)
        case ClipCodec.HEVC:
            extra = "log-level=error" + (":lossless=1" if lossless else "")
            speed = "ultrafast" if lossless else "veryfast"
            options = {"preset": speed, "crf": crf, "x265-params": extra}
            return Encoding(format, chosen, "libx265", planes, options, sound, subtitles, "hvc1")
        case ClipCodec.VP9:
            options = {"crf": crf, "b": "0", "deadline": "realtime", "cpu-used": "6"}
            options |= {"row-mt": "1"} | ({"lossless": "1"} if lossless else {})
            return Encoding(format, chosen, "libvpx-vp9", planes, options, sound, subtitles)
        case ClipCodec.PRORES:
            options = {"profile": str(_PRORES_PROFILES[quality])}
            planes = "yuv444p10le" if lossless else "yuv422p10le"
            return Encoding(format, chosen, "prores_ks", planes, options, sound, subtitles)
        case _:
            options = {"colors": str(_GIF_COLORS[quality])}
            return Encoding(format, ClipCodec.GIF, "gif", "pal8", options)
