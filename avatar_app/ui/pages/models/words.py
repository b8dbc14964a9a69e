"""How the page of models names abilities, verdicts, sizes and what is under way."""

from __future__ import annotations

from PySide6.QtCore import QObject

from avatar_app.core.manifest import Kind
from avatar_app.models.abilities import Ability
from avatar_app.models.errors import AGAIN
from avatar_app.models.store import Presence
from avatar_app.performance.fitness import Fitness, Verdict
from avatar_app.session.model_downloads import ModelTransfer, TransferState
from avatar_app.session.model_listing import ListedModel, ModelListing
from avatar_app.session.model_upkeep import Upkeep, UpkeepTask
from avatar_app.system.extras.declared import Extra
from avatar_app.ui.language.formats import (
    duration_text,
    figures_of,
    number_text,
    rate_text,
    size_text,
)
from avatar_app.ui.language.texts import counted, for_translation, full_text, translated

DOT = "  ·  "
BEFORE_AGAIN = (for_translation("Is the network connected?"),)
"""Hints that stand before “try again”."""


class ModelWords(QObject):
    """A QObject, so that they can be translated."""

    def ability(self, ability: Ability) -> str:
        titles = {
            Ability.HEARING: self.tr("Hearing"),
            Ability.TURN_END: self.tr("Turn end"),
            Ability.BRAIN: self.tr("Brain"),
            Ability.VOICE: self.tr("Voice"),
            Ability.LIPS: self.tr("Lips"),
            Ability.PHOTOS: self.tr("Faces in photos"),
            Ability.FILMS: self.tr("Mouth in films"),
            Ability.STUDIO: self.tr("Studio"),
            Ability.OTHER: self.tr("Other"),
        }
        return titles[ability]

    def engine(self, kind: Kind) -> str:
        """What the memory of an engine is for."""
        titles = {
            Kind.ASR: self.tr("Hearing"),
            Kind.DIALOGUE: self.tr("Brain"),
            Kind.TTS: self.tr("Voice"),
            Kind.FACE: self.tr("Face"),
        }
        return titles.get(kind, self.tr("Turn taking"))

    def verdict(self, fitness: Fitness) -> str:
        """In a word."""
        names = {
            Verdict.COMFORTABLE: self.tr("Comfortable"),
            Verdict.FITS: self.tr("Fits"),
            Verdict.TIGHT: self.tr("Tight"),
            Verdict.TOO_SLOW: self.tr("Too slow"),
            Verdict.TOO_LARGE: self.tr("Too large"),
        }
        return names[fitness.verdict]

    def reason(self, fitness: Fitness) -> str:
        """`38 tokens/s here · takes 315 MB of memory`"""
        parts = []
        if fitness.speed:
            speed = figures_of(translated(fitness.speed))
            parts.append(self.tr("{} on this computer").format(speed))
        parts.append(figures_of(translated(fitness.reason)))
        if fitness.verdict is Verdict.FITS:
            parts.append(self.tr("speed not measured"))
        return DOT.join(parts)

    def state(self, entry: ListedModel) -> str:
        """Of a model that is not on its way."""
        if entry.deleted_bytes:
            size = size_text(entry.deleted_bytes)
            return self.tr("Deleted. {} are free when the program ends.").format(size)
        if entry.used_by:
            return self.tr("In use")
        if entry.presence is Presence.INSTALLED:
            return self.tr("Installed") if entry.can_be_used else self.tr("Installed, not used yet")
        return ""

    def size(self, entry: ListedModel) -> str:
        """What is to be fetched; of a part that is here, the rest."""
        total = entry.model.bytes
        if total is None:
            return ""
        return size_text(max(0, total - entry.installed_bytes))

    def facts(self, entry: ListedModel) -> str:
        """Size, license and languages, one line."""
        model = entry.model
        size = size_text(model.bytes) if model.bytes else self.tr("size not on record")
        languages = ", ".join(model.languages[:6])
        if len(model.languages) > 6:
            languages = counted("{} language", "{} languages", len(model.languages))
            languages = languages.format(number_text(len(model.languages)))
        return DOT.join(filter(None, (size, model.license.title, languages)))

    def transfer(self, transfer: ModelTransfer) -> str:
        """`12 MB of 145 MB · 3.1 MB/s · 40 s left`"""
        now = transfer.progress
        done = size_text(now.done)
        if now.total:
            done = self.tr("{} of {}").format(done, size_text(now.total))
        parts = [self.transfer_state(transfer.state), done]
        if transfer.state is TransferState.FETCHING and now.rate:
            parts.append(rate_text(now.rate))
            if (left := now.seconds_left) is not None:
                parts.append(self.tr("{} left").format(duration_text(left)))
        return DOT.join(filter(None, parts))

    def transfer_state(self, state: TransferState) -> str:
        names = {
            TransferState.FETCHING: self.tr("Downloading"),
            TransferState.WAITING: self.tr("Waiting"),
            TransferState.PAUSED: self.tr("Paused"),
            TransferState.FAILED: self.tr("Failed"),
        }
        return names[state]

    def hint(self, hint: str) -> str:
        """What to do here instead of on the command line."""
        if not hint.endswith(AGAIN):
            return translated(hint)
        again = self.tr("Try again: it resumes where it stopped.")
        return f"{translated(hint.removesuffix(AGAIN).strip())} {again}".strip()

    def upkeep(self, upkeep: Upkeep) -> str:
        """What is being done with a model, or what came of it."""
        if upkeep.error is not None:
            return full_text(upkeep.error)
        if upkeep.task is UpkeepTask.MEASURE:
            return "" if upkeep.done else self.tr("Measuring …")
        if upkeep.task is UpkeepTask.MOVE:
            return ""
        if upkeep.task is UpkeepTask.INSTALL:
            return self._installing(upkeep)
        if not upkeep.done:
            return self.tr("Verifying … {} %").format(number_text(100 * upkeep.fraction))
        if upkeep.flaws:
            found = ", ".join(f"{each.name}: {translated(each.flaw)}" for each in upkeep.flaws)
            return self.tr("Damaged: {}").format(found)
        return self.tr("Verified: as it came.")

    def _installing(self, upkeep: Upkeep) -> str:
        if upkeep.done:
            return self.tr("Installed. It can be used now.")
        return self.tr("Installing … {} %").format(number_text(100 * upkeep.fraction))

    def extra(self, extra: Extra) -> str:
        """The button that installs what an engine lacks."""
        if not extra.megabytes:
            return self.tr("Install {}").format(extra.name)
        size = size_text(extra.megabytes * 1_000_000)
        return self.tr("Install {}, {}").format(extra.name, size)

    def disk(self, listing: ModelListing) -> str:
        used, free = size_text(listing.disk_used), size_text(listing.disk_free)
        return self.tr("Models take {} of the disk; {} are free.").format(used, free)
