"""Who has the floor follows from probabilities alone: told block by block."""

from __future__ import annotations

from dataclasses import replace

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from avatar_app.pipeline.input.turn_detection import (
    WENT_ON,
    Decision,
    TurnDetectionOptions,
    TurnDetector,
)

SUSPECTED, RELENTED = Decision.SUSPECTED, Decision.RELENTED
STARTED, PAUSED = Decision.STARTED, Decision.PAUSED
CONTINUED, ENDED = Decision.CONTINUED, Decision.ENDED

Decisions = list[tuple[Decision, float]]


PATIENT = TurnDetectionOptions(
    duck_after=0.05,
    pause_after=0.13,
    min_speech=0.07,
    preemptive_generation_delay=0.25,
    min_endpointing_delay=0.56,
    max_endpointing_delay=1.2,
    max_utterance=30.0,
)
"""What the tables count with, whatever proves best for people."""
QUICK = replace(PATIENT, sure_endpointing_delay=0.33, right_before=0)
"""Believes the end-of-turn detector at once."""


class Table:
    """Feeds a detector and notes each decision with the second of sound at which it was taken."""

    def __init__(self, options: TurnDetectionOptions = PATIENT) -> None:
        self.detector = TurnDetector(options)
        self.seconds = 0.0
        self.decisions: Decisions = []

    def hear(
        self, probability: float, seconds: float, *, avatar_speaking: bool = False
    ) -> Decisions:
        """Returns the decisions of these seconds; their times count from the beginning of them."""
        begun, known = self.seconds, len(self.decisions)
        for _ in range(round(seconds * 100)):
            decision = self.detector.observe(probability, avatar_speaking=avatar_speaking)
            self.seconds = round(self.seconds + 0.01, 2)
            if decision is not None:
                self.decisions.append((decision, self.seconds))
        return [(what, round(at - begun, 2)) for what, at in self.decisions[known:]]


def speaking(options: TurnDetectionOptions = PATIENT) -> Table:
    """A user speaks."""
    table = Table(options)
    assert table.hear(1.0, 0.5) == [(STARTED, 0.07)]
    return table


def test_silence_decides_nothing() -> None:
    assert Table().hear(0.0, 60) == []


def test_user_turn_starts_and_ends() -> None:
    table = speaking()
    assert table.hear(0.0, 2.0) == [(PAUSED, 0.25), (ENDED, 0.56)]
    assert table.hear(0.0, 10.0) == []
    assert table.hear(1.0, 1.0) == [(STARTED, 0.07)]


@pytest.mark.parametrize(
    ("avatar_speaking", "seconds", "decisions"),
    [
        (False, 0.06, []),
        (False, 0.07, [STARTED]),
        (True, 0.04, []),
        (True, 0.05, [SUSPECTED]),
        (True, 0.12, [SUSPECTED]),
        (True, 0.13, [SUSPECTED, STARTED]),
    ],
)
def test_how_much_voice_takes_the_floor(
    *, avatar_speaking: bool, seconds: float, decisions: list[Decision]
) -> None:
    heard = Table().hear(0.7, seconds, avatar_speaking=avatar_speaking)
    assert [decision for decision, _ in heard] == decisions


def test_click_over_the_avatar_is_a_false_alarm() -> None:
    table = Table()
    assert table.hear(0.7, 0.06, avatar_speaking=True) == [(SUSPECTED, 0.05)]
    assert table.hear(0.0, 0.5, avatar_speaking=True) == [(RELENTED, 0.06)]
    assert table.hear(0.0, 5.0, avatar_speaking=True) == []


def test_certain_voice_counts_double_over_the_avatar() -> None:
    heard = Table().hear(0.95, 0.1, avatar_speaking=True)
    assert heard == [(SUSPECTED, 0.03), (STARTED, 0.07)]


def test_interrupted_first_consonant_over_the_avatar_still_counts() -> None:
    table = Table()
    heard = [
        decision
        for _ in range(9)
        for decision, _ in table.hear(0.4, 0.03, avatar_speaking=True)
        + table.hear(0.05, 0.01, avatar_speaking=True)
    ]
    assert heard == [SUSPECTED, STARTED]


def test_possible_speech_becomes_speech_without_a_false_alarm() -> None:
    table = Table()
    heard = (
        table.hear(1.0, 0.08, avatar_speaking=True)
        + table.hear(0.0, 0.02, avatar_speaking=True)
        + table.hear(1.0, 0.2, avatar_speaking=True)
    )
    assert [decision for decision, _ in heard] == [SUSPECTED, STARTED]


def test_suspicion_starts_sooner_after_the_avatar_falls_silent() -> None:
    table = Table()
    table.hear(1.0, 0.06, avatar_speaking=True)
    assert table.hear(1.0, 0.05, avatar_speaking=False) == [(STARTED, 0.01)]


def test_scattered_clicks_never_add_up_to_voice() -> None:
    table = Table()
    for _ in range(200):
        assert table.hear(1.0, 0.02) + table.hear(0.0, 0.03) == []


def test_between_the_thresholds_nothing_changes() -> None:
    table = Table()
    assert table.hear(0.45, 5.0) == []  # silence stays silence
    table.hear(1.0, 0.3)
    assert table.hear(0.45, 5.0) == []  # and voice stays voice
    assert table.hear(0.34, 1.0) == [(PAUSED, 0.25), (ENDED, 0.56)]


def test_the_user_goes_on_after_a_pause() -> None:
    table = speaking()
    assert table.hear(0.0, 0.4) == [(PAUSED, 0.25)]
    assert table.hear(1.0, 0.5) == [(CONTINUED, 0.04)]
    assert table.hear(0.0, 1.0) == [(PAUSED, 0.25), (ENDED, 0.56)]


def test_complete_words_shorten_the_pause() -> None:
    table = sure(speaking(QUICK))
    assert table.hear(0.0, 1.0) == [(ENDED, 0.08)]


def test_end_of_turn_probability_needs_understood_words() -> None:
    table = speaking(QUICK)
    table.hear(0.0, 0.25)
    table.detector.judge(1.0)
    assert table.hear(0.0, 0.2) == []
    table.detector.hint("go home", is_complete=True)
    assert table.hear(0.0, 0.2) == [(ENDED, 0.01)]


def test_continuing_after_an_early_end_lengthens_later_pauses() -> None:
    table = sure(speaking(QUICK))
    table.hear(0.0, 0.15)
    assert table.hear(1.0, 0.5) == [(STARTED, 0.07)]  # a pause of 0.4 s
    sure(table)
    assert table.hear(0.0, 1.0) == [(ENDED, pytest.approx(0.21))]
    table.hear(0.0, 5.0)
    table.hear(1.0, 0.5)  # this time the end was right: nothing is learned
    sure(table)
    assert table.hear(0.0, 1.0) == [(ENDED, pytest.approx(0.21))]


def test_detector_is_believed_once_it_was_right_three_times_in_a_row() -> None:
    table = speaking(replace(QUICK, right_before=3))
    ends = [_sure_end(table) for _ in range(4)]
    assert ends == [pytest.approx(0.56)] * 3 + [pytest.approx(0.33)]


def test_detector_is_not_believed_while_the_user_goes_on_when_it_is_sure() -> None:
    table = speaking(replace(QUICK, right_before=3))
    for _ in range(3):
        _sure_end(table)
    sure(table)
    table.hear(0.0, 0.15)
    table.hear(1.0, 0.5)  # it was wrong: a pause of 0.4 s
    assert [_sure_end(table) for _ in range(4)] == [
        pytest.approx(0.56), pytest.approx(0.56), pytest.approx(0.56), pytest.approx(0.46)
    ]  # fmt: skip


def test_detector_is_not_blamed_for_pauses_that_it_would_not_have_ended() -> None:
    table = speaking(replace(QUICK, right_before=1))
    _sure_end(table)
    sure(table)
    table.hear(1.0, 0.5)  # a pause of 0.25 s
    assert _sure_end(table) == pytest.approx(0.33)


def test_pauses_within_a_turn_show_that_the_detector_is_wrong() -> None:
    table = speaking(replace(QUICK, right_before=1))
    for _ in range(3):
        sure(table)
        table.hear(0.0, 0.2)
        table.hear(1.0, 0.5)
    sure(table)
    assert table.hear(0.0, 1.0)[-1] == (ENDED, pytest.approx(0.31, abs=0.03))


def _sure_end(table: Table) -> float:
    """Seconds of silence that end a turn which the detector takes for ended; the user is answered
    and speaks again."""
    sure(table)
    heard = table.hear(0.0, 3.0)
    assert heard[0][0] is ENDED
    table.hear(1.0, 0.5)
    return 0.25 + heard[0][1]


def test_detector_never_waits_longer_than_without_a_judgement() -> None:
    table = speaking(QUICK)
    for _ in range(2):
        sure(table)
        table.hear(0.0, 0.65)
        table.hear(1.0, 0.5)
    sure(table)
    assert table.hear(0.0, 1.0) == [(ENDED, 0.31)]


def test_pauses_that_were_taken_for_an_end_count_among_those_of_the_user() -> None:
    table = speaking()
    for _ in range(3):
        assert table.hear(0.0, 0.9) == [(PAUSED, 0.25), (ENDED, 0.56)]
        assert table.hear(1.0, 0.5) == [(STARTED, 0.07)]
    assert table.hear(0.0, 2.0) == [(PAUSED, 0.25), (ENDED, pytest.approx(1.03, abs=0.02))]


def test_speech_after_a_finished_answer_is_a_new_turn() -> None:
    table = speaking()
    for _ in range(5):
        table.hear(0.0, 0.56 + WENT_ON)
        table.hear(1.0, 0.5)
    assert table.hear(0.0, 2.0) == [(PAUSED, 0.25), (ENDED, 0.56)]


def sure(table: Table) -> Table:
    """A pause of 0.25 s, in which it is heard that the user has finished."""
    assert table.hear(0.0, 0.25) == [(PAUSED, 0.25)]
    table.detector.judge(0.9)
    table.detector.hint("go home", is_complete=True)
    return table


def test_a_click_in_a_pause_neither_continues_the_utterance_nor_prolongs_the_pause() -> None:
    table = speaking()
    heard = table.hear(0.0, 0.40) + table.hear(1.0, 0.03)
    assert heard == [(PAUSED, 0.25)]
    assert table.hear(0.0, 1.0) == [(ENDED, 0.13)]
    assert table.detector.silence >= 0.56


def test_a_turn_does_not_end_while_there_is_voice() -> None:
    table = speaking()
    table.hear(0.0, 0.54)
    assert table.hear(1.0, 0.04) == [(CONTINUED, 0.04)]


@pytest.mark.parametrize(
    ("text", "unfinished"),
    [
        ("I would like to", True),
        ("tell me about the", True),
        ("The cat and, um,", True),
        ("So, my fellow Americans,", True),
        ("I knew you could not choose but...", True),
        ("Set a timer for the.", True),
        ("Tell me more about her.", False),
        ("what time is it", False),
        ("", False),
    ],
)
def test_after_unfinished_words_the_user_is_given_more_time(text: str, *, unfinished: bool) -> None:
    table = speaking()
    table.detector.hint(text)
    decision, seconds = table.hear(0.0, 2.0)[-1]
    assert decision is ENDED
    assert (
        0.75 < seconds <= PATIENT.max_endpointing_delay
        if unfinished
        else seconds == PATIENT.min_endpointing_delay
    )


def test_hint_of_one_utterance_does_not_affect_the_next() -> None:
    table = speaking()
    table.detector.hint("I would like to")
    table.hear(0.0, 2.0)
    table.hear(1.0, 0.5)
    assert table.hear(0.0, 2.0)[-1] == (ENDED, 0.56)


def test_the_pauses_of_this_user_are_learned() -> None:
    table = speaking()
    for _ in range(3):
        table.hear(0.0, 0.5)
        assert table.hear(1.0, 0.5) == [(CONTINUED, 0.04)]
    assert table.detector.endpointing_delay == pytest.approx(1.15 * 0.5)
    for _ in range(3):
        table.detector.learn(0.7)
    assert table.detector.endpointing_delay == pytest.approx(1.15 * 0.7)


def test_pause_learning_needs_three_pauses_and_forgets_old_ones() -> None:
    detector = TurnDetector(PATIENT)
    detector.learn(0.9)
    detector.learn(0.9)
    assert detector.endpointing_delay == 0.56
    for _ in range(12):
        detector.learn(0.1)
    assert detector.endpointing_delay == 0.56


def test_endpointing_delay_is_bounded() -> None:
    table = speaking()
    for _ in range(12):
        table.detector.learn(1.1)
    table.detector.hint("and then the")
    assert table.hear(0.0, 3.0)[-1] == (ENDED, 1.2)


def test_an_endless_utterance_ends() -> None:
    table = Table(replace(PATIENT, max_utterance=3.0))
    heard = table.hear(1.0, 7.0)
    assert [decision for decision, _ in heard] == [STARTED, ENDED, STARTED, ENDED, STARTED]
    assert heard[1] == (ENDED, 3.07)


def test_an_utterance_full_of_pauses_ends_too() -> None:
    table = Table(replace(PATIENT, max_utterance=3.0))
    decisions = []
    while ENDED not in decisions:
        decisions += [what for what, _ in table.hear(1.0, 0.2) + table.hear(0.0, 0.4)]
        assert table.seconds < 4.0


def test_a_reset_opens_the_floor() -> None:
    table = speaking()
    table.detector.reset()
    assert table.hear(0.0, 2.0) == []
    assert table.detector.silence == pytest.approx(2.0)
    assert table.hear(1.0, 0.5) == [(STARTED, 0.07)]


NEXT: dict[Decision | None, set[Decision]] = {
    None: {SUSPECTED, STARTED},
    SUSPECTED: {RELENTED, STARTED},
    RELENTED: {SUSPECTED, STARTED},
    STARTED: {PAUSED, ENDED},
    PAUSED: {CONTINUED, ENDED},
    CONTINUED: {PAUSED, ENDED},
    ENDED: {SUSPECTED, STARTED},
}
"""Which decision may follow which."""

stretches = st.lists(
    st.tuples(st.floats(0, 1), st.integers(1, 80), st.booleans()), min_size=1, max_size=40
)


@settings(max_examples=200, deadline=None)
@given(stretches)
def test_decisions_come_in_a_legal_order(stretches: list[tuple[float, int, bool]]) -> None:
    detector = TurnDetector(TurnDetectionOptions(max_utterance=4.0))
    last: Decision | None = None
    since_start = 0
    for probability, blocks, avatar_speaking in stretches:
        for _ in range(blocks):
            decision = detector.observe(probability, avatar_speaking=avatar_speaking)
            since_start += 1
            if decision is None:
                continue
            assert decision in NEXT[last]
            last = decision
            if decision is STARTED:
                since_start = 0
            if decision is ENDED:
                overlong = since_start >= 400
                assert overlong or detector.silence > detector.options.min_endpointing_delay - 0.006


@settings(max_examples=100, deadline=None)
@given(probabilities=st.lists(st.floats(0, 0.24), max_size=500), avatar_speaking=st.booleans())
def test_without_one_voiced_block_there_is_no_decision(
    probabilities: list[float], *, avatar_speaking: bool
) -> None:
    detector = TurnDetector()
    assert all(
        detector.observe(probability, avatar_speaking=avatar_speaking) is None
        for probability in probabilities
    )


@settings(max_examples=100, deadline=None)
@given(stretches)
def test_silence_always_ends_a_turn(stretches: list[tuple[float, int, bool]]) -> None:
    detector = TurnDetector()
    decisions = [
        detector.observe(probability, avatar_speaking=speaking)
        for probability, blocks, speaking in stretches
        for _ in range(blocks)
    ]
    decisions += [detector.observe(0.0, avatar_speaking=False) for _ in range(130)]
    made = [decision for decision in decisions if decision is not None]
    assert not made or made[-1] in (ENDED, RELENTED)


def test_a_voice_that_fades_after_the_button_was_let_go_does_not_interrupt() -> None:
    table = Table()
    table.detector.release()
    for probability in (1.0, 0.75, 0.42, 0.24, 0.13):
        assert table.hear(probability, 0.1, avatar_speaking=True) == []
    table.hear(0.0, 0.1, avatar_speaking=True)
    interrupting = [what for what, _ in table.hear(1.0, 0.5, avatar_speaking=True)]
    assert interrupting == [SUSPECTED, STARTED]
