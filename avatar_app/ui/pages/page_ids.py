"""Identifiers of pages that other pages open; index.py has those of all."""

from __future__ import annotations

MODELS = "models"
