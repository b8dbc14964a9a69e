"""The avatar in video calls: a camera and a microphone that other programs can choose."""

from __future__ import annotations

import threading
from collections.abc import Callable

from avatar_app.audio.virtual_microphone import VirtualMicrophone
from avatar_app.core.errors import DeviceUnavailable
from avatar_app.core.values import Samples, VideoFrame
from avatar_app.media.virtual_camera import VirtualCamera
from avatar_app.settings.schema import VideoCallSettings


class VideoCall:
    """Opens and closes both as the settings say; a listener to what is played.

    Frames are those on show while the sound is heard, and the microphone delivers sound when it
    leaves the loudspeaker, so lips and voice stay together.
    """

    def __init__(
        self, frame: Callable[[], VideoFrame | None], notice: Callable[[str, str], None]
    ) -> None:
        """`notice` receives why one of them cannot be used, and what to do."""
        self._frame, self._notice = frame, notice
        self._changing = threading.Lock()
        self._camera: VirtualCamera | None = None
        self._microphone: VirtualMicrophone | None = None

    def apply(self, wanted: VideoCallSettings) -> None:
        """Open what is wanted, and close the rest. May take a moment."""
        with self._changing:
            if wanted.camera != (self._camera is not None):
                self._switch_camera(wanted=wanted.camera)
            if wanted.microphone != (self._microphone is not None):
                self._switch_microphone(wanted=wanted.microphone)

    def hear(self, samples: Samples, dac_at: float) -> None:
        """Take what is played; called from the device's thread, so it only copies."""
        if (microphone := self._microphone) is not None:
            microphone.write(samples, dac_at)

    def close(self) -> None:
        self.apply(VideoCallSettings(camera=False, microphone=False))

    def _switch_camera(self, *, wanted: bool) -> None:
        camera, self._camera = self._camera, None
        if camera is not None:
            camera.close()
        if wanted:
            try:
                self._camera = VirtualCamera(self._frame, self._tell)
            except DeviceUnavailable as error:
                self._tell(error)

    def _switch_microphone(self, *, wanted: bool) -> None:
        microphone, self._microphone = self._microphone, None
        if microphone is not None:
            microphone.close()
        if wanted:
            try:
                self._microphone = VirtualMicrophone(self._tell)
            except DeviceUnavailable as error:
                self._tell(error)

    def _tell(self, error: DeviceUnavailable) -> None:
        self._notice(error.message, error.hint)
