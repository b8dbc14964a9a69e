"""Kokoro voices through kokoro-onnx: natural speech on a processor."""
