"""One end of a WebRTC connection; runs in a process of its own."""

from __future__ import annotations

import asyncio
import time
from collections.abc import Sequence
from contextlib import suppress
from functools import partial
from multiprocessing.connection import Connection
from threading import Thread
from typing import Any

import aioice.ice
import aiortc.codecs
import numpy as np
from aiortc import RTCConfiguration, RTCPeerConnection, RTCRtpSender, RTCSessionDescription
from aiortc.exceptions import InvalidAccessError, InvalidStateError
from aiortc.mediastreams import MediaStreamError, MediaStreamTrack

from avatar_app.server.tasks import begun
from avatar_app.server.webrtc.encoder import FaceEncoder
from avatar_app.server.webrtc.link import CONNECTED, FAILED, LinkKind, LinkMessage, unpacked
from avatar_app.server.webrtc.meter import CallMeter
from avatar_app.server.webrtc.quality import CallQuality
from avatar_app.server.webrtc.reports import LossReports
from avatar_app.server.webrtc.timeline import CallTimeline, Sounding
from avatar_app.server.webrtc.tracks import FaceTrack, VoiceTrack

CODEC = "video/VP8"
"""Half as dear as H.264 to encode, and known to every browser."""
TRACKS = 2
"""Sound both ways, and pictures."""
READ_EVERY = 1.0
"""Seconds between two readings of how the call goes."""
_NO_SESSION = (
    ValueError, LookupError, TypeError, AttributeError, AssertionError, InvalidAccessError,
    InvalidStateError,
)  # fmt: skip
"""What aiortc raises for a description of a session that is none."""


def serve_peer(link: Connection, addresses: Sequence[str] | None) -> None:
    """Speak with one browser until the link is closed. `addresses`: of this machine, on which it
    may be reached; None: on all."""
    if addresses is not None:
        aioice.ice.get_host_addresses = lambda **_kinds: list(addresses)
    meter = CallMeter(time.monotonic)
    encoder: Any = partial(FaceEncoder, meter)
    aiortc.codecs.Vp8Encoder = encoder  # type: ignore[attr-defined]  # looked up there
    asyncio.run(_serve(link, meter))


async def _serve(link: Connection, meter: CallMeter) -> None:
    await _Peer(link, meter).run()


class _Peer:
    def __init__(self, link: Connection, meter: CallMeter) -> None:
        self._link, self._loop = link, asyncio.get_running_loop()
        self._timeline, self._meter = CallTimeline(time.monotonic), meter
        # no server is asked for this machine's address: nothing leaves the network
        self._connection = RTCPeerConnection(RTCConfiguration(iceServers=[]))
        self._ended = asyncio.Event()
        self._tasks: set[asyncio.Task[None]] = set()

    async def run(self) -> None:
        """Obey the server until it has gone."""
        self._connection.on("track", self._tracked)
        self._connection.on("connectionstatechange", self._changed)
        Thread(target=self._read, name="link", daemon=True).start()
        await self._ended.wait()
        for task in self._tasks:
            task.cancel()
        await self._connection.close()

    def _read(self) -> None:
        with suppress(EOFError, OSError):
            while True:
                message = unpacked(self._link.recv_bytes())
                self._loop.call_soon_threadsafe(self._take, message)
        with suppress(RuntimeError):  # the loop has ended
            self._loop.call_soon_threadsafe(self._ended.set)

    def _take(self, message: LinkMessage) -> None:
        match message.kind:
            case LinkKind.OFFER:
                self._start(self._answer(message.text))
            case LinkKind.SPEECH:
                samples = np.frombuffer(message.content, "<i2").astype(np.int16)
                self._timeline.speak(message.turn, message.place, samples)
            case LinkKind.PICTURE:
                pixels = np.frombuffer(message.content, np.uint8)
                planes = pixels.reshape(message.height, -1)
                self._timeline.show(message.turn, message.place, planes)
            case LinkKind.FLUSH:
                self._timeline.flush()
            case LinkKind.CLOSE:
                self._ended.set()

    def _start(self, work: Any) -> None:
        task = begun(work, "call")
        self._tasks.add(task)
        task.add_done_callback(self._tasks.discard)

    async def _answer(self, offer: str) -> None:
        connection = self._connection
        try:
            begun = time.monotonic()
            connection.addTrack(VoiceTrack(self._timeline, begun, self._report))
            face = FaceTrack(self._timeline, begun, self._meter)
            sender = connection.addTrack(face)
            self._prefer_codec()
            await connection.setRemoteDescription(RTCSessionDescription(offer, "offer"))
            if len(connection.getTransceivers()) > TRACKS:
                raise ValueError("the offer is not one of a track of each kind")
            await connection.setLocalDescription(await connection.createAnswer())
        except _NO_SESSION:
            self._send(LinkKind.STATE, FAILED.encode())
            return
        self._send(LinkKind.ANSWER, connection.localDescription.sdp.encode())
        self._start(self._adapt(face, sender))

    async def _adapt(self, face: FaceTrack, sender: RTCRtpSender) -> None:
        """Make pictures smaller and fewer where machine or network do not carry them, and larger
        again."""
        quality, reports = CallQuality(), LossReports()
        while True:
            await asyncio.sleep(READ_EVERY)
            lost = reports.newest(await sender.getStats())
            reading = self._meter.read(lost)
            if self._connection.connectionState != CONNECTED:
                continue
            shortage = quality.judge(reading)
            if quality.size != face.size:
                face.size, self._meter.most_rate = quality.size, quality.size.most_rate
                reason = shortage.encode() if shortage is not None else b""
                size = LinkMessage(LinkKind.SIZE, reason, 0, face.size.fps, face.size.lines)
                self._send_message(size)

    def _prefer_codec(self) -> None:
        known = RTCRtpSender.getCapabilities("video").codecs
        preferred = [each for each in known if each.mimeType == CODEC]
        for transceiver in self._connection.getTransceivers():
            if transceiver.kind == "video":
                transceiver.setCodecPreferences(preferred)

    def _changed(self) -> None:
        self._send(LinkKind.STATE, self._connection.connectionState.encode())

    def _tracked(self, track: MediaStreamTrack) -> None:
        if track.kind == "audio":
            self._start(self._listen(track))

    async def _listen(self, track: MediaStreamTrack) -> None:
        with suppress(MediaStreamError):
            while True:
                frame: Any = await track.recv()
                channels = frame.layout.nb_channels
                samples = frame.to_ndarray().reshape(-1, channels).mean(axis=1)
                self._send(LinkKind.HEARD, samples.astype("<i2").tobytes())

    def _report(self, sounding: Sounding) -> None:
        self._send(LinkKind.SOUNDING, turn=sounding.turn, place=sounding.position)

    def _send(self, kind: LinkKind, content: bytes = b"", turn: int = 0, place: int = 0) -> None:
        self._send_message(LinkMessage(kind, content, turn, place))

    def _send_message(self, message: LinkMessage) -> None:
        with suppress(OSError):  # the server has gone
            self._link.send_bytes(message.packed())
