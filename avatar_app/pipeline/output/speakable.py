"""Extracts speakable text: code, tables and formulas are shown instead, markup is removed.

Tags of emotions stay: the voice makes them, or gets the text without them.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator

from avatar_app.core.emotions import EMOTION_TAG
from avatar_app.core.values import Block, BlockKind
from avatar_app.pipeline.output.formulas import spoken_formula

ANNOUNCED = {
    BlockKind.CODE: "Here is the code.",
    BlockKind.TABLE: "Here is the table.",
    BlockKind.FORMULA: "Here is the formula.",
}
"""What is said instead of a shown block."""
LONGEST_MARK = 200
"""Characters after which an open mark is plain text."""
_FENCE = re.compile(r"[ \t]*(```+|~~~+)[^\n]*\n")
_FORMULA = re.compile(
    r"[ \t]*(?:\$\$(.+?)\$\$|\\\[(.+?)\\\]|\\begin\{(\w+\*?)\}.+?\\end\{\3\})", re.S
)
_MAYBE_BLOCK = re.compile(r"[ \t]*(?:`{1,2}|~{1,2}|\$|\\|```[^\n]*|~~~[^\n]*)?")
_OPEN_FORMULA = re.compile(r"[ \t]*(?:\$\$|\\\[|\\begin\{)")
_MARKER = re.compile(r"[ \t]*(?:#{1,6} +|(?:> ?)+|[-*+•] +(?:\[[ xX]\] +)?)")
_MAYBE_MARKER = re.compile(r"[ \t]*(?:#{1,6} *|[>*_+•-][>*_ -]*(?:\[[ xX]?\]? *)?)?")
_RULE = re.compile(r"[ \t]*(?:-{3,}|\*{3,}|_{3,}|={3,})[ \t]*(?:\n|$)")
_TABLE_ROW = re.compile(r"[ \t]*\|")
_OPENER = re.compile(
    r"`+|\$(?!\d)|\\\(|\\$|<(?=[/!?a-zA-Z]|$)|【|!?\[|\((?=[a-z]|$)"
    r"|(?<![\w*_~])(?:\*{1,3}|_{1,3}|~{1,2})(?=\S|$)"
)
_CLOSER = {
    "$": r"(?<=\S)\$",
    "\\(": r"\\\)",
    "<": r">",
    "【": r"】",
    "[": r"\](?:\([^()\n]*\)|(?=[^(]))",
    "![": r"\](?:\([^()\n]*\)|(?=[^(]))",
    "(": r"\)",
}
"""The closing forms of marks that do not close as they open."""
LONGEST_GESTURE = 60
"""Maximum characters in parentheses that count as a gesture."""
_GESTURE = (
    r"(?:smil|laugh|chuckl|giggl|grin|nod|wav|sigh|wink|shrug|blush|gasp|paus|whisper|gestur|bow"
    r"|lean|tilt|rais|look|glanc|blink|frown|cough|clap|hug|point|snort|yawn|hum|purr|beam|gulp"
    r"|think|ponder|clear|rub|scratch|roll|shak|stretch|step|turn|reach|hand|put|plac|pick|sit"
    r"|stand|walk|tak|gaz|star|cri|sob|sniff|groan|moan|mumbl|mutter|sing|danc)"
    r"(?:es|s|ing|ling|e)?(?:\s+[a-z][\w' -]*)?"
)
_STAGE = re.compile(
    rf"\*\s*{_GESTURE}[.!]?\s*\*(?!\*)|(?<!\w)_\s*{_GESTURE}[.!]?\s*_(?!\w)"
    rf"|\(\s*(?:softly |warmly )?{_GESTURE}[.!]?\s*\)|\[[a-z][a-z ,'-]{{1,40}}\](?!\()",
)
_TAG = re.compile(
    rf"(?!{EMOTION_TAG.pattern})</?[a-zA-Z][\w:-]*(?:\s[^<>]*)?/?>|<!--.*?-->|<[!?][^<>]*>",
    re.IGNORECASE,
)
_LINK = re.compile(r"!?\[([^\[\]]*)\]\([^()\s]*(?:\s+\"[^\"]*\")?\)")
_NOTE = re.compile(r"【[^】]*】|\[\^?\d{1,3}\]")
_INLINE_FORMULA = re.compile(r"\$(?=\S)([^$\n]+?)(?<=\S)\$(?!\d)|\\\((.+?)\\\)")
_GAP = re.compile(r"[ \t]+(?=[ \t.,!?;:])")
_CODE = re.compile(r"`+([^`\n]+)`+")
_EMPHASIS = re.compile(r"(?<![\w*])(\*{1,3}|~~)(?=\S)([^*\n]+?)(?<=\S)\1(?!\w)")
_UNDERLINED = re.compile(r"(?<!\w)(_{1,3})(?=\S)([^_\n]+?)(?<=\S)\1(?!\w)")


def speakable(pieces: Iterable[str]) -> Iterator[str | Block]:
    """Yield the speakable text as it arrives, and blocks to be shown.

    Text that may become a mark is held back: most text is not.
    """
    reader = _Reader()
    for piece in pieces:
        reader.text += piece
        yield from reader.ready(is_last=False)
    yield from reader.ready(is_last=True)


class _Reader:
    """Parses one answer: blocks by their lines, the rest by its marks."""

    def __init__(self) -> None:
        self.text = ""
        self._begins_line = True
        self._after_blank = True

    def ready(self, *, is_last: bool) -> Iterator[str | Block]:
        while self.text:
            if self._begins_line:
                size, outputs = self._block(is_last=is_last)
                if size:
                    self.text = self.text[size:]
                    yield from outputs
                    continue
                if self._may_be_block(is_last=is_last):
                    return
                self.text = self._without_marker()
                self._begins_line = False
            size = self._plain(is_last=is_last)
            if not size:
                return
            text, self.text = self.text[:size], self.text[size:]
            self._begins_line = text.endswith("\n")
            cleaned = self._clean(text)
            if self._after_blank:
                cleaned = cleaned.lstrip(" \t")
            if cleaned:
                self._after_blank = cleaned[-1].isspace()
                yield cleaned

    def _block(self, *, is_last: bool) -> tuple[int, list[str | Block]]:
        """Return how much of the text is a block, and its replacement; 0 where none is complete."""
        if (rule := _RULE.match(self.text)) and (is_last or rule[0].endswith("\n")):
            return rule.end(), []
        if fence := _FENCE.match(self.text):
            end = re.compile(rf"^[ \t]*{fence[1]}[ \t]*(?:\n|$)", re.M).search(
                self.text, fence.end()
            )
            if end is not None and (is_last or end[0].endswith("\n")):
                return end.end(), self._shown(BlockKind.CODE, self.text[fence.end() : end.start()])
            if is_last:
                return len(self.text), self._shown(BlockKind.CODE, self.text[fence.end() :])
        if formula := _FORMULA.match(self.text):
            return formula.end(), self._shown(BlockKind.FORMULA, formula[0])
        if _TABLE_ROW.match(self.text) and (size := self._table(is_last=is_last)):
            return size, self._shown(BlockKind.TABLE, self.text[:size])
        return 0, []

    def _table(self, *, is_last: bool) -> int:
        """Return the length of the table at the beginning of the text; 0 while it may continue."""
        size = 0
        for line in self.text.splitlines(keepends=True):
            if not _TABLE_ROW.match(line):
                return size if line.strip() or line.endswith("\n") else 0
            size += len(line)
        return size if is_last else 0

    def _shown(self, kind: BlockKind, text: str) -> list[str | Block]:
        if not text.strip():
            return []
        return [Block(kind, text.strip("\n")), f"{ANNOUNCED[kind]}\n"]

    def _may_be_block(self, *, is_last: bool) -> bool:
        """Whether more text is needed to interpret the line."""
        if is_last:
            return False
        if _FENCE.match(self.text) or _TABLE_ROW.match(self.text):
            return True
        if _OPEN_FORMULA.match(self.text):
            return len(self.text) < 10 * LONGEST_MARK
        return any(each.fullmatch(self.text) for each in (_MAYBE_BLOCK, _MAYBE_MARKER))

    def _without_marker(self) -> str:
        marker = _MARKER.match(self.text)
        return self.text[marker.end() :] if marker else self.text

    def _plain(self, *, is_last: bool) -> int:
        """Return the number of characters of this line in which no mark is open."""
        line_end = self.text.find("\n") + 1
        if line_end:
            return line_end
        if is_last:
            return len(self.text)
        return _closed(self.text)

    @staticmethod
    def _clean(text: str) -> str:
        text = _INLINE_FORMULA.sub(lambda found: spoken_formula(found[1] or found[2]), text)
        text = _LINK.sub(r"\1", text)
        for unspoken in (_NOTE, _STAGE, _TAG):
            text = unspoken.sub("", text)
        text = _CODE.sub(r"\1", text)
        text = _UNDERLINED.sub(r"\2", _EMPHASIS.sub(r"\2", _EMPHASIS.sub(r"\2", text)))
        return _GAP.sub("", text)


def _closed(text: str) -> int:
    """Return the number of characters at a line's beginning in which no mark is open."""
    at = 0
    while opener := _OPENER.search(text, at):
        mark = opener[0]
        closer = _CLOSER.get(mark) or rf"(?<=\S){re.escape(mark)}(?=[^*_~\w])"
        if mark.startswith("`"):
            closer = re.escape(mark)
        end = re.compile(closer).search(text, opener.end())
        most = LONGEST_GESTURE if mark == "(" else LONGEST_MARK
        if end is None and len(text) - opener.start() < most:
            return len(text[: opener.start()].rstrip(" \t"))
        at = opener.end() if end is None else end.end()
    return len(text)
