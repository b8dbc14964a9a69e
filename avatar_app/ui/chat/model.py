"""The transcript model: lines with their speaker and how much was heard, oldest first."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import dataclass, replace
from datetime import datetime
from enum import Enum, auto

from PySide6.QtCore import QAbstractListModel, QModelIndex, QPersistentModelIndex, Qt, Signal

from avatar_app.core.events import Outcome, TurnEnded
from avatar_app.ui.chat.spoken_words import Answer

MOST_LINES = 400
"""Lines in the window; the history stores all."""
LINE_ROLE = Qt.ItemDataRole.UserRole + 1

Index = QModelIndex | QPersistentModelIndex


class TranscriptSpeaker(Enum):
    """The speaker of a line."""

    USER = auto()
    AVATAR = auto()


@dataclass(frozen=True, slots=True)
class TranscriptLine:
    """What one speaker said in one turn."""

    turn_id: int
    speaker: TranscriptSpeaker
    answer: Answer
    """The words; the user's are all heard."""
    at: datetime | None = None
    """Local time; None if unknown."""
    live: bool = False
    """Still being said."""
    outcome: Outcome = Outcome.FINISHED
    earlier: bool = False
    """From the stored history; its turn's number is that of another run of the program."""
    block: str = ""
    """A block shown as it was written, instead of an answer: code, a table, a formula."""

    @property
    def cut_off(self) -> bool:
        """Whether words were written that will never be heard."""
        return not self.live and self.answer.heard < len(self.answer.words)

    @property
    def can_be_heard(self) -> bool:
        """Whether it is an answer that is over."""
        answered = self.speaker is TranscriptSpeaker.AVATAR and not self.live
        return answered and not self.block and bool(self.answer.words)

    @property
    def interrupted(self) -> bool:
        return self.speaker is TranscriptSpeaker.AVATAR and self.outcome is Outcome.INTERRUPTED


class ChatModel(QAbstractListModel):
    """Lines for the view. While a turn runs its lines change in place."""

    progressed = Signal(int)
    """A row shows further words as heard; its size did not change."""
    corrected = Signal(int, str)
    """The user said something else in the turn with this number."""

    def __init__(self, avatar: str) -> None:
        super().__init__()
        self.avatar = avatar
        self._lines: list[TranscriptLine] = []

    def rowCount(self, parent: Index | None = None) -> int:
        return 0 if parent is not None and parent.isValid() else len(self._lines)

    def data(self, index: Index, role: int = Qt.ItemDataRole.DisplayRole) -> object:
        if not index.isValid():
            return None
        line = self._lines[index.row()]
        if role == LINE_ROLE:
            return line
        if role in (Qt.ItemDataRole.DisplayRole, Qt.ItemDataRole.AccessibleTextRole):
            return self.spoken(line)
        return line.answer.text if role == Qt.ItemDataRole.EditRole else None

    def flags(self, index: Index) -> Qt.ItemFlag:
        """The user's last words can be corrected."""
        flags = super().flags(index)
        editable = index.isValid() and index.row() == self.correctable_row
        return flags | Qt.ItemFlag.ItemIsEditable if editable else flags

    def setData(self, index: Index, value: object, role: int = Qt.ItemDataRole.EditRole) -> bool:
        """Take the user's correction; the session answers with other lines."""
        line, text = self._lines[index.row()], " ".join(str(value).split())
        if role != Qt.ItemDataRole.EditRole or not text or text == line.answer.text:
            return False
        self.corrected.emit(line.turn_id, text)
        return True

    def ask_again(self, turn_id: int) -> None:
        """Ask the user's last words once more, if they were said in this turn."""
        row = self.correctable_row
        if row is not None and self._lines[row].turn_id == turn_id:
            self.corrected.emit(turn_id, self._lines[row].answer.text)

    @property
    def correctable_row(self) -> int | None:
        """Of the user's last words, if they were said in this run of the program."""
        for row in range(len(self._lines) - 1, -1, -1):
            if self._lines[row].speaker is TranscriptSpeaker.USER:
                return None if self._lines[row].earlier else row
        return None

    @property
    def lines(self) -> tuple[TranscriptLine, ...]:
        return tuple(self._lines)

    def spoken(self, line: TranscriptLine) -> str:
        """Return a line as text to copy or read aloud: only what was heard."""
        if line.speaker is TranscriptSpeaker.USER:
            return self.tr("You: {text}").format(text=line.answer.text)
        if line.block:
            return line.block
        words = line.answer.words if line.live else line.answer.words[: line.answer.heard]
        text = " ".join(words) + (" —" if line.cut_off else "")
        return f"{self.avatar}: {text}"

    def fill(self, turns: tuple[TurnEnded, ...]) -> None:
        """Begin with earlier turns."""
        self._reset((*earlier_lines(turns), *self._lines))

    def show_turns(self, turns: tuple[TurnEnded, ...]) -> None:
        """Show earlier turns, and nothing else."""
        self._reset(tuple(earlier_lines(turns)))

    def clear(self) -> None:
        self._reset(())

    def bring_back(self, lines: tuple[TranscriptLine, ...]) -> None:
        """Restore cleared lines before those added since."""
        self._reset((*lines, *self._lines))

    def name_avatar(self, name: str) -> None:
        """Change the avatar's name."""
        self.avatar = name

    def user_said(self, turn_id: int, text: str) -> None:
        answer = Answer.of(text, text)
        row = self._live_row(turn_id, TranscriptSpeaker.USER)
        if row is None:
            self._append(TranscriptLine(turn_id, TranscriptSpeaker.USER, answer, _now(), live=True))
        else:
            self._replace(row, replace(self._lines[row], answer=answer))

    def avatar_says(self, turn_id: int, clause: str) -> None:
        row = self._live_row(turn_id, TranscriptSpeaker.AVATAR)
        if row is None:
            line = TranscriptLine(turn_id, TranscriptSpeaker.AVATAR, Answer(), _now(), live=True)
            self._append(replace(line, answer=line.answer.extended(clause)))
        else:
            line = self._lines[row]
            self._replace(row, replace(line, answer=line.answer.extended(clause)))

    def avatar_shows(self, turn_id: int, text: str) -> None:
        """Add a block to be shown, below what is being said."""
        speaker = TranscriptSpeaker.AVATAR
        self._append(TranscriptLine(turn_id, speaker, Answer(), _now(), block=text))

    def withdraw_blocks(self, turn_id: int) -> None:
        """Remove the blocks of a turn."""
        for row in range(len(self._lines) - 1, -1, -1):
            if self._lines[row].block and self._lines[row].turn_id == turn_id:
                self._remove(row)

    def withdraw_turn(self, turn_id: int) -> None:
        """Forget what was said in a turn of this run of the program."""
        for row in range(len(self._lines) - 1, -1, -1):
            if self._lines[row].turn_id == turn_id and not self._lines[row].earlier:
                self._remove(row)

    def words_heard(self, turn_id: int, text: str) -> None:
        row = self._live_row(turn_id, TranscriptSpeaker.AVATAR)
        if row is not None:
            line = self._lines[row]
            self._lines[row] = replace(line, answer=line.answer.hearing(text))
            self.progressed.emit(row)

    def turn_ended(self, turn: TurnEnded) -> None:
        """Replace what was shown during the turn by what history stores."""
        for line in _lines_of(turn):
            row = self._live_row(turn.turn_id, line.speaker)
            if row is None:
                self._append(replace(line, at=_now()))
            else:
                self._replace(row, replace(line, at=self._lines[row].at))
        self.withdraw(turn.turn_id)  # what history does not store is removed

    def withdraw(self, turn_id: int) -> None:
        """Remove what is still being said in a turn."""
        for speaker in TranscriptSpeaker:
            row = self._live_row(turn_id, speaker)
            if row is not None:
                self._remove(row)

    def _reset(self, lines: tuple[TranscriptLine, ...]) -> None:
        self.beginResetModel()
        self._lines = list(lines[-MOST_LINES:])
        self.endResetModel()

    def _live_row(self, turn_id: int, speaker: TranscriptSpeaker) -> int | None:
        for row in range(len(self._lines) - 1, -1, -1):
            line = self._lines[row]
            if line.live and line.turn_id == turn_id and line.speaker is speaker:
                return row
            if not line.live and len(self._lines) - row > 8:
                return None  # live lines are among the last
        return None

    def _append(self, line: TranscriptLine) -> None:
        if len(self._lines) >= MOST_LINES:
            self._remove(0)
        row = len(self._lines)
        self.beginInsertRows(QModelIndex(), row, row)
        self._lines.append(line)
        self.endInsertRows()

    def _replace(self, row: int, line: TranscriptLine) -> None:
        if line != self._lines[row]:
            self._lines[row] = line
            self.dataChanged.emit(self.index(row), self.index(row))

    def _remove(self, row: int) -> None:
        self.beginRemoveRows(QModelIndex(), row, row)
        del self._lines[row]
        self.endRemoveRows()


def earlier_lines(turns: Iterable[TurnEnded]) -> Iterator[TranscriptLine]:
    """The lines of stored turns."""
    for turn in turns:
        yield from (replace(line, earlier=True) for line in _lines_of(turn))


def _lines_of(turn: TurnEnded) -> list[TranscriptLine]:
    at = turn.at.astimezone() if turn.at else None
    lines = []
    if turn.user_text:
        text = Answer.of(turn.user_text, turn.user_text)
        lines.append(
            TranscriptLine(turn.turn_id, TranscriptSpeaker.USER, text, at, outcome=turn.outcome)
        )
    if turn.avatar_text:
        answer = Answer.of(turn.avatar_text, turn.heard_text)
        lines.append(
            TranscriptLine(turn.turn_id, TranscriptSpeaker.AVATAR, answer, at, outcome=turn.outcome)
        )
    return lines


def _now() -> datetime:
    return datetime.now()
