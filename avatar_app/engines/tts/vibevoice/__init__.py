"""VibeVoice-Realtime: a language model that speaks in sound latents, on plain PyTorch."""
