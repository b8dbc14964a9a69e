"""Words that mean nearly the same about a person's life: a fact is found when asked for in others.

A small lexicon for search without a language model. What is looked for is left as it is; what is
stored is indexed with the words of its groups, so that one lookup finds both.
"""

from __future__ import annotations

import re
from functools import cache
from itertools import islice
from pathlib import Path

import yaml

_LEXICON = Path(__file__).with_suffix(".yaml")
MOST_WORDS = 200
"""Words of a text that are looked for: somebody may paste a whole book."""
_UMLAUTS = str.maketrans({"ä": "ae", "ö": "oe", "ü": "ue"})
_WORD = re.compile(r"[^\W_]+")


def index_words(*texts: str) -> str:
    """Return the words under which a stored text is found: its own, and those near in meaning."""
    neighbors, _ = _lexicon()
    own = [word for text in texts for word in _folded(text)]
    near = {each for word in own for each in neighbors.get(word, ())}
    return " ".join(dict.fromkeys([*own, *sorted(near)]))


def search_words(text: str) -> tuple[str, ...]:
    """Return the words of a question that say what it is about, the first MOST_WORDS."""
    _, stop = _lexicon()
    found = dict.fromkeys(word for word in _folded(text) if word not in stop)
    return tuple(islice(found, MOST_WORDS))


def _folded(text: str) -> list[str]:
    """Return the words of a text in lower case, German umlauts as two letters."""
    return _WORD.findall(text.casefold().translate(_UMLAUTS))


@cache
def _lexicon() -> tuple[dict[str, set[str]], frozenset[str]]:
    """Return the words near to each word, and those that say nothing."""
    document = yaml.safe_load(_LEXICON.read_text(encoding="utf-8"))
    neighbors: dict[str, set[str]] = {}
    for group in document["groups"]:
        words = _folded(group)
        for word in words:
            neighbors.setdefault(word, set()).update(words)
    return neighbors, frozenset(_folded(document["stop"]))
