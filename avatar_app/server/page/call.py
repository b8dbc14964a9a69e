"""The page's sound and pictures by WebRTC; where that fails, they take the WebSocket."""

from __future__ import annotations

import logging
from collections.abc import Callable, Sequence
from concurrent.futures import Future, ThreadPoolExecutor
from importlib.util import find_spec

import numpy as np

from avatar_app.core.values import MICROPHONE_RATE, PLAYBACK_RATE, Samples
from avatar_app.media.resample import Resampler
from avatar_app.media.stream_encoder import pcm_of, samples_of
from avatar_app.server.metrics import ServerCounters
from avatar_app.server.page.captions import Message
from avatar_app.server.webrtc.link import CONNECTED, LinkKind, LinkMessage, picture_link
from avatar_app.server.webrtc.process import PeerProcess
from avatar_app.server.webrtc.quality import SIZES, PictureSize
from avatar_app.session.served.pictures import SentPicture
from avatar_app.session.served.wire import SentSpeech

UNAVAILABLE = "unavailable"
"""State of a call that cannot be, as aiortc is not installed."""
_OVER = ("failed", "closed", UNAVAILABLE)
RECOVERED = "recovered"
"""Why pictures are larger again."""
log = logging.getLogger(__name__)


class PageCall:
    """One call. `is_carrying` may be read by any thread, `speak` and `show` called by any."""

    def __init__(
        self,
        tell: Callable[[Message], None],
        hear: Callable[[Samples], None],
        addresses: Sequence[str] | None,
        counters: ServerCounters,
    ) -> None:
        """`tell` and `hear` (float32, 16 kHz) are called in a thread. `addresses`: of this machine,
        on which it may be reached; None: on all."""
        self._tell, self._hear, self._addresses = tell, hear, addresses
        self._counters, self._size = counters, SIZES[0]
        self._microphone = Resampler(PLAYBACK_RATE, MICROPHONE_RATE)
        self._process: PeerProcess | None = None
        self._worker = ThreadPoolExecutor(1, "call")
        self.is_carrying = False
        """Whether sound and pictures go this way."""

    def answer(self, offer: str) -> None:
        """Answer the offer of the page, soon; an earlier call ends."""
        self._worker.submit(self._begin, offer).add_done_callback(_raise)

    def hang_up(self) -> None:
        """End the call, soon."""
        self._worker.submit(self._end).add_done_callback(_raise)

    def speak(self, speech: SentSpeech) -> None:
        """Let the page hear a piece of speech."""
        sound = pcm_of(speech.samples)
        self._send(LinkMessage(LinkKind.SPEECH, sound, speech.turn_id, speech.start))

    def show(self, picture: SentPicture) -> None:
        """Let the page see a picture."""
        place = picture.turn_id, picture.start
        self._send(picture_link(picture.image, *place, self._size.lines))

    def flush(self) -> None:
        """Stop what sounds."""
        self._send(LinkMessage(LinkKind.FLUSH))

    def close(self) -> None:
        """End the call; waits for its process."""
        self.hang_up()
        self._worker.shutdown()

    def _begin(self, offer: str) -> None:
        self._end()
        if find_spec("aiortc") is None:
            self._tell({"type": "call", "state": UNAVAILABLE})
            return
        self._process = PeerProcess(self._take, self._addresses)
        self._process.send(LinkMessage(LinkKind.OFFER, offer.encode()))

    def _end(self) -> None:
        self.is_carrying = False
        process, self._process = self._process, None
        if process is not None:
            process.close()
        self._size = SIZES[0]
        self._counters.end_call(self)

    def _send(self, message: LinkMessage) -> None:
        process = self._process
        if process is not None:
            process.send(message)

    def _take(self, message: LinkMessage) -> None:
        match message.kind:
            case LinkKind.HEARD:
                samples = samples_of(message.content).astype(np.float32)
                self._hear(self._microphone.process(samples))
            case LinkKind.ANSWER:
                self._tell({"type": "answer", "sdp": message.text})
            case LinkKind.SOUNDING:
                place = {"turn": message.turn, "position": message.place}
                self._tell({"type": "sounding"} | place)
            case LinkKind.SIZE:
                self._resize(PictureSize(message.height, message.place), message.text)
            case LinkKind.STATE:
                self._change(message.text)

    def _change(self, state: str) -> None:
        self.is_carrying = state == CONNECTED
        if self.is_carrying:
            self._counters.set_call(self, self._size.lines)
        if self.is_carrying or state in _OVER:
            self._tell({"type": "call", "state": state})

    def _resize(self, size: PictureSize, shortage: str) -> None:
        """Send pictures of another size. `shortage`: what does not carry larger ones; empty: they
        are larger again."""
        self._size = size
        reason = shortage or RECOVERED
        log.info("a call has %d lines, %d pictures a second: %s", size.lines, size.fps, reason)
        self._counters.set_call(self, size.lines)
        self._counters.count_call_step(reason)
        described = {"lines": size.lines, "fps": size.fps, "best": size == SIZES[0]}
        self._tell({"type": "quality", "reason": reason} | described)


def _raise(done: Future[None]) -> None:
    """Let a bug be logged."""
    done.result()
