"""Reads the license that an installed package states in its metadata."""

from __future__ import annotations

from importlib import metadata


def stated_license(fields: metadata.PackageMetadata) -> str:
    """Return an SPDX expression or a name; empty where the package states none."""
    classifiers = fields.get_all("Classifier") or []
    named = [each.split(" :: ")[-1] for each in classifiers if each.startswith("License ::")]
    short = (fields.get("License") or "").strip()
    stated = fields.get("License-Expression") or ("" if "\n" in short else short)
    return str(stated or ", ".join(named))
