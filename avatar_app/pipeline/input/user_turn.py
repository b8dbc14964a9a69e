"""The user's turn: from blocks of sound to an utterance, with barge-in and backchannels."""

from __future__ import annotations

from collections.abc import Callable, Iterable

from avatar_app.core.events import (
    Event,
    Muted,
    UserStarted,
    UserTranscript,
    UserTurnDiscarded,
)
from avatar_app.core.turn import Turn
from avatar_app.core.values import BLOCK_SECONDS, AudioChunk, Transcript
from avatar_app.pipeline.input.audio_frontend import AudioFrontend, CleanBlock
from avatar_app.pipeline.input.continued_utterance import UtteranceSequence
from avatar_app.pipeline.input.end_of_turn import EndOfTurnStage
from avatar_app.pipeline.input.late_recognizer import LateRecognizer
from avatar_app.pipeline.input.listener import Listener
from avatar_app.pipeline.input.recognition import RecognitionStage
from avatar_app.pipeline.input.turn_detection import Decision, TurnDetector
from avatar_app.pipeline.input.wake_word import WakeWordGate
from avatar_app.pipeline.input.word_filter import BACKCHANNELS, WordFilter, note_transcript
from avatar_app.pipeline.output.avatar_turn import AvatarTurnController
from avatar_app.pipeline.output.playback import Playback
from avatar_app.pipeline.utterance import Utterance


class UserTurnController:
    """Carries out the turn detector's decisions. Runs on the conversation thread only.

    Possible speech ducks the avatar, certain speech pauses it, words cancel it; without words it
    goes on. At a pause of the user an answer is prepared; if the user goes on, it is dropped and
    what was recognized is kept.
    """

    def __init__(
        self,
        frontend: AudioFrontend,
        detector: TurnDetector,
        recognition: RecognitionStage,
        end_of_turn: EndOfTurnStage,
        wake: WakeWordGate,
        listener: Listener,
        playback: Playback,
        avatar_turn: AvatarTurnController,
        post: Callable[[Event], None],
        clock: Callable[[], float],
        backchannels: Iterable[str] = BACKCHANNELS,
    ) -> None:
        self._filter = WordFilter(backchannels)
        self.frontend, self.recognition, self.end_of_turn = frontend, recognition, end_of_turn
        self.wake, self.listener = wake, listener
        self._detector, self._playback, self._avatar_turn = detector, playback, avatar_turn
        self._sequence = UtteranceSequence(avatar_turn, playback)
        self._post, self._clock = post, clock
        self._late_recognizer = LateRecognizer(recognition, post, clock)
        self._claimed = False
        self._blocks_since_end = 0
        self.utterance: Utterance | None = None
        self.muted = self.held = False

    def hear(self, block: CleanBlock, *, is_quiet: bool = False) -> None:
        """Take the next block of sound; `is_quiet`: nothing in the room may be speech."""
        if self.muted and not self.held:
            self.wake.forget()
            return
        is_busy = self.held or self.utterance is not None or self._avatar_turn.turn is not None
        if self.wake.hear(block, is_quiet=is_quiet, is_busy=is_busy):
            self._call()
        if self.wake.awaited:
            return
        self._blocks_since_end += 1
        if not self.held:
            over_avatar = self._avatar_turn.avatar_speaking
            decision = self._detector.observe(block.probability, avatar_speaking=over_avatar)
            if decision is not None:
                self._follow(decision)
        silence = self._detector.silence if self.utterance is not None else 0.0
        self.listener.hear(block.chunk.samples, silence, is_quiet=is_quiet)
        self.recognition.hear(block.chunk)
        self.end_of_turn.hear(block.chunk)
        if self._late_recognizer.watch(self.utterance):
            self.withdraw()

    def recognized(self, turn: Turn, transcript: Transcript) -> None:
        """Take a transcript; that of a withdrawn utterance is stale and ignored."""
        utterance = self.utterance
        segment = utterance.segment_of(turn) if utterance else None
        if utterance is None or segment is None:
            return
        note_transcript(segment, transcript, keep_sound=self._avatar_turn.responses.engines.hears)
        self._detector.hint(utterance.text, is_complete=utterance.understood)
        if self._filter.has_words(utterance, claimed=self._claimed):
            self._claim(utterance)
            self._post(UserTranscript(utterance.id, utterance.text))
        if segment.final:
            utterance.marks["text"] = self._clock()
            self._conclude(utterance)
        if self._detector.pauses:
            self.listener.backchannel.offer(utterance)

    def judged(self, question: Turn, probability: float) -> None:
        """It was asked whether the user, who pauses, has finished."""
        if self.utterance is not None and self.end_of_turn.awaits(question):
            self._detector.judge(probability)
            self.listener.backchannel.offer(self.utterance, probability)

    def unrecognized(self, turn: Turn) -> bool:
        """Handle a failed recognizer: returns True if the built-in one processes the same sound;
        otherwise only the part that was not recognized is lost."""
        segment = self.utterance.segment_of(turn) if self.utterance else None
        if segment is not None and self.recognition.hear_again(segment):
            return True
        self.recognized(turn, Transcript("", final=True))
        return False

    def hold(self, *, held: bool) -> None:
        """Push to talk: the button, not the voice, decides who has the floor."""
        if held and not self.held:
            self.withdraw()
            if self.muted:
                self.frontend.forget()  # what was said while muted is private
            self._claim(self._begin())
        elif self.held and not held and self.utterance is not None:
            self._detector.release()
            self._end(self.utterance, silence=0.0)
        self.held = held

    def mute(self, *, muted: bool) -> None:
        """Mute or unmute."""
        if muted != self.muted:
            self.muted = muted
            self.withdraw()
            self.frontend.forget()
        self._post(Muted(muted))

    def withdraw(self) -> None:
        """Drop the utterance: it held no words, or the user typed instead."""
        utterance, self.utterance = self.utterance, None
        self._detector.reset()
        self.end_of_turn.forget()
        if utterance is None:
            self._playback.unduck()  # the suspicion is dropped
            return
        self.recognition.withdraw(utterance)
        utterance.drop_answer()
        if not self._claimed:
            self._playback.resume()
        self._post(UserTurnDiscarded(utterance.id))

    def _call(self) -> None:
        """The avatar's name was heard: what is said with it is the user's turn."""
        self._detector.call()
        self._begin(self.wake.sound()).called = self.wake.phrase

    def _follow(self, decision: Decision) -> None:
        match decision:
            case Decision.SUSPECTED:
                self._playback.duck()
            case Decision.RELENTED:
                self._playback.unduck()
            case Decision.STARTED:
                self._begin()
            case Decision.PAUSED:
                self._close_segment()
                self.end_of_turn.ask()
            case Decision.CONTINUED if self.utterance is not None:
                self._go_on(self.utterance)
            case Decision.ENDED if self.utterance is not None:
                self._end(self.utterance, self._detector.silence)

    def _begin(self, prefix_padding: list[AudioChunk] | None = None) -> Utterance:
        """`prefix_padding`: what was said before; by default what no segment contains."""
        if self.utterance is not None:  # its text is still awaited: the user was not done
            self._go_on(self.utterance)
            return self.utterance
        if self._avatar_turn.turn is not None:  # without speech it does not begin
            self._playback.pause()
        self._claimed = False
        self.utterance = self._sequence.begin()
        self.recognition.begin(self.utterance, prefix_padding or self._unheard_blocks())
        self.end_of_turn.begin(prefix_padding or self.frontend.prefix_padding()[:-1])
        self.listener.backchannel.prepare()
        self._post(UserStarted(self.utterance.id))
        return self.utterance

    def _go_on(self, utterance: Utterance) -> None:
        """The user had not ended: drop the prepared answer and keep what was recognized."""
        utterance.ended = False
        self.end_of_turn.withdraw()
        utterance.drop_answer()
        self.recognition.begin(utterance, self._unheard_blocks())

    def _unheard_blocks(self) -> list[AudioChunk]:
        """Return the latest blocks that no segment contains."""
        return self.frontend.prefix_padding()[:-1][-self._blocks_since_end :]

    def _close_segment(self) -> None:
        self._blocks_since_end = 0
        self.recognition.end()

    def _end(self, utterance: Utterance, silence: float) -> None:
        utterance.ended = True
        utterance.marks["end_of_turn"] = self._clock()
        utterance.marks["user_stopped"] = self._clock() - silence - BLOCK_SECONDS
        self._close_segment()
        self._conclude(utterance)

    def _conclude(self, utterance: Utterance) -> None:
        """Do what is possible now that everything said so far is recognized."""
        if not utterance.understood:
            return
        if not self._filter.has_words(utterance, claimed=self._claimed):
            if utterance.ended or utterance.over_avatar or self._avatar_turn.turn is not None:
                self.withdraw()
            return
        self._claim(utterance)
        if utterance.answer is None:
            utterance.answer = self._avatar_turn.prepare(utterance)
        if utterance.ended:
            self.utterance = None
            self._sequence.commit(utterance)

    def _claim(self, utterance: Utterance) -> None:
        if not self._claimed:
            self._claimed = True
            self._sequence.claim(utterance)
