"""What each built-in tool changes, and what the user is asked before one that cannot be undone."""

from __future__ import annotations

from collections.abc import Mapping
from types import MappingProxyType

from avatar_app.core.values import ToolEffect

_READ = (
    "current_time", "time_in_city", "days_until", "calculate", "convert_units",
    "list_timers", "list_reminders", "list_notes", "recall_facts", "explain_fact", "show_source",
    "plan_page", "explain_remark",
)  # fmt: skip
_REVERSIBLE = (
    "set_timer", "cancel_timers", "add_reminder", "cancel_reminders", "add_note", "delete_note",
    "remember_fact", "forget_facts", "undo_last", "change_speaking_speed", "change_volume",
    "mute_microphone", "control_window", "show_page", "stop_building", "resume_building",
    "stop_remarks",
)  # fmt: skip
EFFECTS: Mapping[str, ToolEffect] = MappingProxyType(
    dict.fromkeys(_READ, ToolEffect.READ)
    | dict.fromkeys(_REVERSIBLE, ToolEffect.REVERSIBLE)
    | dict.fromkeys(("delete_all_notes", "look", "build_page"), ToolEffect.OUTWARD)
)
"""By name; what is not listed counts as OUTWARD."""
ACTS: Mapping[str, Mapping[str, str]] = MappingProxyType(
    {
        "delete_all_notes": {
            "en": "delete all notes",
            "de": "alle Notizen löschen",
            "fr": "supprimer toutes les notes",
            "es": "borrar todas las notas",
        },
        "look": {
            "en": "take a look",
            "de": "einen Blick darauf werfen",
            "fr": "jeter un regard",
            "es": "echar una mirada",
        },
        "build_page": {
            "en": "build the page",
            "de": "die Seite bauen",
            "fr": "construire la page",
            "es": "construir la página",
        },
    }
)
"""Of tools that ask: the act as an imperative, by language."""

BEGINS = frozenset(("build_page",))
"""What goes on beside the conversation after the call has returned."""
ASKED_BY: Mapping[str, frozenset[str]] = MappingProxyType(
    {
        "look": frozenset(
            (
                "look", "see", "watch", "camera", "screen", "window", "show", "showing",
                "color", "fenster", "fenêtre", "ventana",
                "schau", "schaue", "sieh", "siehst", "seht", "guck", "kamera", "bildschirm",
                "zeige", "farbe", "regarde", "vois", "voyez", "écran", "caméra", "couleur",
                "mira", "ves", "pantalla", "cámara", "color",
            )
        )
    }
)  # fmt: skip
"""Words with which the user asks for it, so that nobody has to be asked again."""
