"""Identifiers of the pages, in settings, shortcuts and other pages."""

from __future__ import annotations

SETTINGS, MODELS, HISTORY, PERFORMANCE = "settings", "models", "history", "performance"
DEVICES, VOICES, PRIVACY, ABOUT = "devices", "voice", "privacy", "about"
PERSONAS, AVATARS, STUDIO = "personas", "avatars", "studio"
