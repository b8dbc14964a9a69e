"""Painted lips on a photo or clip, as face engines share them: hearing, blending, performing."""
