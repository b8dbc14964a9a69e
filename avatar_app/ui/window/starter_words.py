"""The starter card's names for the parts of the starter set."""

from __future__ import annotations

from collections.abc import Iterable

from PySide6.QtCore import QObject

from avatar_app.core.manifest import Kind
from avatar_app.performance.starter import StarterItem
from avatar_app.ui.language.formats import duration_text, size_text
from avatar_app.ui.language.texts import translated

USUAL_RATE = 50
"""Mbit/s of a usual connection, from which the time of a download is estimated."""


class StarterWords(QObject):
    """A QObject, for translation."""

    def lack(self, items: Iterable[StarterItem]) -> str:
        """Describe the conversation without the parts."""
        kinds = {item.kind for item in items}
        if kinds == {Kind.TURN}:
            return self.tr("I wait for a long pause before I answer.")
        verbs = {Kind.ASR: self.tr("hear"), Kind.TTS: self.tr("speak")}
        poor = [verbs[kind] for kind in verbs if kind in kinds]
        what = self._joined(poor) or self.tr("think")
        return self.tr("I {} poorly.").format(what)

    def named(self, items: Iterable[StarterItem]) -> str:
        return self.listed(item.kind for item in items)

    def listed(self, kinds: Iterable[Kind]) -> str:
        """Join the names: `speech recognition, a voice and a language model`."""
        names = {
            Kind.ASR: self.tr("speech recognition"),
            Kind.TTS: self.tr("a voice"),
            Kind.DIALOGUE: self.tr("a language model"),
            Kind.TURN: self.tr("end-of-turn detection"),
        }
        wanted = set(kinds)
        if len(wanted) > 1:
            wanted.discard(Kind.TURN)  # a small part; its checkbox names it
        return self._joined([name for kind, name in names.items() if kind in wanted])

    def _joined(self, words: list[str]) -> str:
        if len(words) < 2:
            return "".join(words)
        return self.tr("{} and {}").format(", ".join(words[:-1]), words[-1])

    def weight(self, size: int) -> str:
        """Return how much there is to download, and how long it takes."""
        seconds = max(60.0, 8 * size / (USUAL_RATE * 1e6))
        return self.tr("{}, about {} at {} Mbit/s").format(
            size_text(size), duration_text(seconds), USUAL_RATE
        )

    def licenses(self, items: Iterable[StarterItem]) -> str:
        """Name the licenses of the parts."""
        titles = dict.fromkeys(item.model.license.title for item in items)
        return self.tr("Licenses: {}.").format(", ".join(titles))

    def row(self, item: StarterItem) -> tuple[str, str]:
        """Return a part's title, and its details."""
        parts = {
            Kind.ASR: self.tr("Speech recognition"),
            Kind.TTS: self.tr("Voice"),
            Kind.DIALOGUE: self.tr("Language model"),
            Kind.TURN: self.tr("End of turn"),
        }
        size = size_text(item.bytes_lacking) if item.bytes_lacking else self.tr("installed")
        part = parts.get(item.kind, item.kind.value)
        tip = f"{translated(item.model.summary)} {item.model.license.title}"
        return f"{part}: {item.title}  ·  {size}", tip
