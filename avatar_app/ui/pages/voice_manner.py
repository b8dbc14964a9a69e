"""How the voice in use speaks: speed, pitch, volume and expressiveness, heard when they rest."""

from __future__ import annotations

from avatar_app.ui.pages.option_rows import OptionRows
from avatar_app.ui.pages.page import PageContext

MANNER = ("speed", "pitch", "volume", "expressiveness")


class VoiceManner(OptionRows):
    """Other engines may have fewer of them."""

    def __init__(self, context: PageContext) -> None:
        super().__init__(context, self.tr("How it speaks"), "tts.options", MANNER)
