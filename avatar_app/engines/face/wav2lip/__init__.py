"""Lip sync with Wav2Lip, from "A Lip Sync Expert Is All You Need" (2020)."""
