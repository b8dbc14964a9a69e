"""Microphone and loudspeaker of a live conversation, which checks may borrow."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import AbstractContextManager, contextmanager

from avatar_app.audio.microphone import Microphone
from avatar_app.audio.null_devices import FileSpeaker
from avatar_app.audio.speaker import Loudspeaker
from avatar_app.core.engines import SpeechSynthesizer
from avatar_app.core.home import expanded
from avatar_app.core.values import Samples
from avatar_app.pipeline.conversation import Conversation
from avatar_app.session.shared_devices import Borrower, SharedDevices
from avatar_app.settings.schema import AudioSettings


class LiveDevices:
    """Owns both. `lend_voice` opens the voice that speaks in the conversation; `hear` and
    `quiet_power` are for a microphone."""

    def __init__(
        self,
        audio: AudioSettings,
        conversation: Conversation,
        notice: Callable[[str, str], None],
        lend_voice: Callable[[], AbstractContextManager[SpeechSynthesizer]],
        played: Callable[[Samples, float], None],
    ) -> None:
        """`played` receives each block of the conversation that the loudspeaker takes (float32 at
        48 kHz), with the time at which it leaves that; it only copies."""
        self._conversation, self._notice, self.voice = conversation, notice, lend_voice
        self._played = played
        self._shared = SharedDevices(conversation.hear, self._read, conversation.quiet_power)
        self.hear, self.quiet_power = self._shared.hear, self._shared.quiet_power
        self.microphone = Microphone(
            audio.microphone, self.hear, notice, quiet_power=self.quiet_power
        )
        self.speaker = self._speaker(audio.speaker)

    def start(self) -> None:
        self.speaker.start()
        self.microphone.start()

    def close(self) -> None:
        self.microphone.close()
        self.speaker.close()

    def need_speaker(self, *, needed: bool) -> None:
        """Whether anything is to be played, or soon will be; a file has no gaps."""
        if isinstance(self.speaker, Loudspeaker):
            self.speaker.need(needed=needed or self._shared.lent)

    @property
    def microphone_name(self) -> str | None:
        """The one in use; None while there is none."""
        return self.microphone.name

    @property
    def speaker_name(self) -> str | None:
        """The one in use; None while there is none."""
        return self.speaker.name

    @property
    def speaker_latency(self) -> float:
        """Seconds of sound that it holds back."""
        return self.speaker.latency

    @property
    def volume(self) -> float:
        """How loud the avatar is; 1 is as it was made."""
        return self._conversation.playback.volume

    @contextmanager
    def borrowed(self, borrower: Borrower) -> Iterator[None]:
        """The devices are the borrower's; the conversation waits, and goes on where it was."""
        with self._shared.borrowed(borrower):
            self.need_speaker(needed=True)
            yield

    def _read(self, count: int, dac_at: float) -> Samples:
        samples = self._conversation.playback.read(count, dac_at)
        self._played(samples, dac_at)
        return samples

    def _speaker(self, name: str | None) -> Loudspeaker | FileSpeaker:
        """A loudspeaker; or, under the name of a WAV file, that file."""
        if name is not None and name.lower().endswith(".wav"):
            return FileSpeaker(expanded(name), self._shared.read, self._notice)
        return Loudspeaker(name, self._shared.read, self._notice)
