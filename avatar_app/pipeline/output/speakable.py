"""Extracts speakable text: code, tables and formulas are shown instead, markup is removed.

Tags of emotions stay: the voice makes them, or gets the text without them.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator
from html import unescape

from avatar_app.core.values import Block, BlockKind
from avatar_app.pipeline.output.formulas import spoken_formula
from avatar_app.pipeline.output.tags import GLUED_PAIR, bare_names, may_be_tag, without_tags

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
_RULE = re.compile(
    r"[ \t]*(?:(?:-[ \t]*){3,}|(?:\*[ \t]*){3,}|_{3,}|={3,}|[|:-]*-[ \t]*\|[ \t|:-]*)(?:\n|$)"
)
_TABLE_ROW = re.compile(r"[ \t]*\|")
_IS_TABLE = re.compile(
    r"[ \t]*\|[^|\n]*[^|\s][^|\n]*\|[^|\n]*(?:\|[^\n]*)?\n[ \t]*\||[ \t]*\|(?:[^|\n]+\|){2,}"
)
"""Two rows, or one of two cells; “|x|” is neither."""
_OPENER = re.compile(
    r"`+|\$(?!\d)|\\\(|\\[a-z]{0,9}$|\\(?:boxed|text|emph|underline|math)[a-z]{0,2}\{"
    r"|&(?=#?\w{0,8}$)|[ \t][!.:]$|=$|\x1b|<(?=[/!?a-zA-Z]|$)|【|\[!\[|!?\[|\((?=[a-z]|$)"
    r"|(?<!\w):(?=[a-z]|$)|(?<![\w*_~])(?:\*{1,3}|_{1,3}|~{1,2}|==)(?=\S|$)"
)
"""What may begin a mark, or does so with more text."""
_LINK_END = r"\](?:\([^()\n]*\)|\[[^\[\]\n]*\]|:|(?=[^(\[:]))"
_CLOSER = {
    "$": r"(?<=\S)\$",
    "\\(": r"\\\)",
    "<": r">",
    "【": r"】",
    "[": _LINK_END,
    "![": _LINK_END,
    "[![": r"\]\([^()\n]*\)\]\([^()\n]*\)",
    "(": r"\)",
    ":": r":(?=\W)|(?=[^\w+-])",
    "\x1b": r"m",
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
"""A verb of gestures, and what follows it."""
_STAGE = re.compile(
    rf"(?<!\w)(?:\*\s*(?:(?:s?he|they) )?{_GESTURE}[.!]?\s*\*(?!\*)|_\s*{_GESTURE}[.!]?\s*_(?!\w)"
    rf"|\(\s*(?:softly |warmly )?{_GESTURE}[.!]?\s*\)|\[[A-Z]\w+ {_GESTURE}\]"
    r"|\[(?:MUSIC|APPLAUSE|LAUGHTER|LAUGHS|SIGHS|PAUSE|SILENCE|BLANK_AUDIO)\]"
    r"|:[a-z][a-z0-9_+-]{2,30}:(?!\w)|\[[a-z][a-z ,'-]{1,40}\](?!\())",
)
"""Not within a word: “f(wave)” and “list[index]” are no gestures."""
_LINK = re.compile(
    r"!?\[(?!\^?\d+\])([^\[\]]*)\](?:\((?:<[^<>\n]*>|[^()\s]*)(?:\s+\"[^\"]*\")?\)|\[[^\[\]\n]*\])"
)
_TARGET = re.compile(r"^[ \t]*\[[^\[\]\n^]+\]:[ \t]*\S+:?//?\S*[^\n]*\n?", re.M)
"""Where Markdown's links by name lead."""
_MAYBE_TARGET = re.compile(r"[ \t]*\[[^\[\]\n^]{0,60}(?:\](?::[^\n]*)?)?")
_NOTE = re.compile(
    r"【[^】]*】|\[\^?\d{1,3}\]:?|\[\^[\w-]+\]:?|\[!\w+\]|(?:\x1b|(?<!\w))\[\d{0,3}(?:;\d{1,3})*m"
)
"""References, the names of boxes, and colors of terminals."""
_STYLED = re.compile(
    r"\\(?:boxed|text(?:bf|it|tt|sc|rm)?|emph|underline|math(?:bf|rm|it))\{([^{}\n]*)\}"
)
_ENTITY = re.compile(r"&(?:[a-zA-Z]{2,8}|#\d{2,6}|#x[\da-fA-F]{2,5});")
_INLINE_FORMULA = re.compile(r"\$(?=\S)([^$\n]+?)(?<=\S)\$(?!\d)|\\\((.+?)\\\)")
_GAP = re.compile(r"[ \t]+(?=[ \t]|[.,!?;:](?![=\w]))")
_CODE = re.compile(r"`+([^`\n]+)`+")
_KEPT = 0xF0000
"""Private characters that stand for spans of code while marks around them are removed."""
_EMPHASIS = re.compile(r"(?<![\w*])(\*{1,3}|~~|==)(?=\S)([^*\n]+?)(?<=\S)\1(?!\w)")
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
        self._before = ""  # a letter or a bracket, to which the text may be glued
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
            cleaned = self._clean(self._before + text)[len(self._before) :]
            self._before = text[-1] if text[-1].isalnum() or text[-1] == ")" else ""
            if self._after_blank:
                cleaned = cleaned.lstrip(" \t")
            if cleaned:
                self._after_blank = cleaned[-1].isspace()
                yield cleaned

    def _block(self, *, is_last: bool) -> tuple[int, list[str | Block]]:
        """Return how much of the text is a block, and its replacement; 0 where none is complete."""
        if (rule := _RULE.match(self.text)) and (is_last or rule[0].endswith("\n")):
            return rule.end(), []
        if (target := _TARGET.match(self.text)) and (is_last or target[0].endswith("\n")):
            return target.end(), []
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
        if _IS_TABLE.match(self.text) and (size := self._table(is_last=is_last)):
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
        maybe = (_MAYBE_BLOCK, _MAYBE_MARKER, _MAYBE_TARGET)
        return any(each.fullmatch(self.text) for each in maybe)

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
        return max(0, _closed(self._before + self.text) - len(self._before))

    @staticmethod
    def _clean(text: str) -> str:
        spans: list[str] = []
        text = _CODE.sub(lambda found: _keep(found[1], spans), text)
        text = _INLINE_FORMULA.sub(lambda found: spoken_formula(found[1] or found[2]), text)
        text = _LINK.sub(r"\1", _LINK.sub(r"\1", text))
        text = _STYLED.sub(r"\1", text)
        for unspoken in (_NOTE, _STAGE):
            text = unspoken.sub("", text)
        text = _ENTITY.sub(lambda found: unescape(found[0]), without_tags(text))
        text = _UNDERLINED.sub(r"\2", _EMPHASIS.sub(r"\2", _EMPHASIS.sub(r"\2", text)))
        for number, span in enumerate(spans):
            text = text.replace(chr(_KEPT + number), span)
        return _GAP.sub("", text)


def _keep(code: str, spans: list[str]) -> str:
    """Return a character that stands for a span of code: nothing in it is a mark."""
    spans.append(bare_names(code))
    return chr(_KEPT + len(spans) - 1)


def _closed(text: str) -> int:
    """Return the number of characters at a line's beginning in which no mark is open."""
    at = 0
    while opener := _OPENER.search(text, at):
        mark = opener[0]
        if mark == "<" and not may_be_tag(text, opener.start()):
            at = opener.end()
            continue
        closer = _CLOSER.get(mark) or rf"(?<=\S){re.escape(mark)}(?=[^*_~\w])"
        if mark.startswith("`"):
            closer = re.escape(mark)
        elif mark.endswith("{"):
            closer = r"\}"
        elif pair := GLUED_PAIR.match(text, opener.start()):
            closer = f"</{pair[1]}>"
        end = re.compile(closer).search(text, opener.end())
        most = LONGEST_GESTURE if mark == "(" or closer.startswith("</") else LONGEST_MARK
        if end is None and len(text) - opener.start() < most:
            return len(text[: opener.start()].rstrip(" \t"))
        at = opener.end() if end is None else end.end()
    return len(text)
