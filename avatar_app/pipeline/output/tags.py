"""Distinguishes tags, which are not spoken, from comparisons, types and addresses in brackets."""

from __future__ import annotations

import re

from avatar_app.core.emotions import EMOTION_TAG

_TAG = re.compile(
    r"<!--.*?-->|<[!?][^<>]*>"
    r"|<(?P<closes>/)?(?P<name>[a-zA-Z][\w:-]*)(?P<rest>(?:\s[^<>]*?)?)(?P<alone>/)?>"
)
_ADDRESS = re.compile(r"<((?:https?://|mailto:)[^\s<>]+|[\w.+-]+@[\w-]+(?:\.[\w-]+)+)>")
"""An address in angle brackets, as Markdown and e-mail have it."""
_MAYBE_TAG = re.compile(
    r"<(?:$|[!?]|/?$|/?[a-zA-Z][\w:.@/-]*(?:$|/?>|\s+(?:[\w:-]+(?:\s*=\s*"
    r"(?:\"[^\"]*(?:\"|$)|'[^']*(?:'|$)|[^\s\"'<>]+|$))?(?:\s+|(?=/?(?:>|$))))*(?:/?>|/?$)))"
)
"""What is, or may become, a tag or an address."""
_MARKUP = frozenset(
    (
        "br",
        "hr",
        "wbr",
        "img",
        "em",
        "strong",
        "small",
        "big",
        "sub",
        "sup",
        "del",
        "ins",
        "mark",
        "code",
        "kbd",
        "samp",
        "var",
        "span",
        "font",
        "div",
        "abbr",
        "cite",
        "pre",
        "tt",
        "ul",
        "ol",
        "li",
        "dl",
        "dt",
        "dd",
        "table",
        "tr",
        "td",
        "th",
        "tbody",
        "thead",
        "break",
        "prosody",
        "emphasis",
        "say-as",
        "phoneme",
        "speak",
        "voice",
        "sentence",
        "audio",
        "amazon:effect",
    )
)
"""Names of HTML and SSML that are tags also within a word."""
_APART = frozenset(
    (
        "br",
        "hr",
        "p",
        "li",
        "dt",
        "dd",
        "td",
        "th",
        "tr",
        "div",
        "table",
        "ul",
        "ol",
        "summary",
        "details",
        "h1",
        "h2",
        "h3",
        "h4",
        "h5",
        "h6",
    )
)
"""Those between whose contents there is a blank."""
_EXPRESSIVE = frozenset(
    (
        "laugh",
        "laughs",
        "laughter",
        "chuckle",
        "chuckles",
        "giggle",
        "giggles",
        "sigh",
        "sighs",
        "cough",
        "coughs",
        "sniffle",
        "groan",
        "yawn",
        "gasp",
        "smile",
        "smiles",
        "wink",
        "whisper",
        "pause",
        "happy",
        "sad",
        "angry",
        "joy",
        "surprised",
        "surprise",
        "neutral",
    )
)
"""Names of expressions that models write, also after a word."""
_SINGLE = frozenset("abipqsu")
"""HTML's names of one letter."""
_QUOTED = re.compile(r"=\s*[\"']")
_PLAIN_WORDS = re.compile(r"(?:\s+[a-zA-Z][\w-]+(?:\s*=\s*[^\s=<>]+)?)*\s*")
GLUED_PAIR = re.compile(r"(?<=[\w)])<([abipqsu])>")
"""Within a word, a tag only where its end follows."""


def without_tags(text: str) -> str:
    """Remove tags, except those of emotions, and the brackets of addresses.

    A comparison (“x<y>z”) and a type (“List<String>”) stay: what opens within a word is a tag only
    if it is closed, has attributes in quotes, or is a known name of HTML or SSML.
    """
    text = _ADDRESS.sub(lambda found: found[1].removeprefix("mailto:"), text)
    return _TAG.sub(_replacement, text)


def bare_names(code: str) -> str:
    """Return a span of code without the brackets of its tags: “<div>” becomes “div”."""
    return re.sub(r"<(/?[a-zA-Z][\w:-]*)\s*/?>", r"\1", code) if code[:1] == "<" else code


def may_be_tag(text: str, at: int) -> bool:
    """Whether the “<” there begins a tag or an address, or may do so with more text."""
    return _MAYBE_TAG.match(text, at) is not None


def _replacement(found: re.Match[str]) -> str:
    if EMOTION_TAG.fullmatch(found[0]) or not _is_tag(found):
        return found[0]
    return " " if (found["name"] or "").lower() in _APART else ""


def _is_tag(found: re.Match[str]) -> bool:
    name, rest = found["name"], found["rest"]
    if name is None or found["closes"] or found["alone"] or _QUOTED.search(rest or ""):
        return True
    if re.match(r"[\w)]", found.string[max(0, found.start() - 1) : found.start()]):
        closed = f"</{name}>" in found.string[found.end() :]
        return closed or (name.lower() in _MARKUP | _EXPRESSIVE and not rest.strip())
    if len(name) == 1 and (name.lower() not in _SINGLE or rest.strip()):
        return False
    return _PLAIN_WORDS.fullmatch(rest) is not None
