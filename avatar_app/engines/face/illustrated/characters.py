"""The list of all illustrated characters."""

from __future__ import annotations

from avatar_app.engines.face.illustrated.character import Character
from avatar_app.engines.face.illustrated.mira import MIRA
from avatar_app.engines.face.illustrated.pip import PIP
from avatar_app.engines.face.illustrated.theo import THEO

CHARACTERS: dict[str, Character] = {"mira": MIRA, "theo": THEO, "pip": PIP}
