"""A private, local desktop application for talking with an animated face."""

import os

__version__ = "0.2.0"

os.environ["ORT_DISABLE_TELEMETRY"] = "1"
"""ONNX Runtime ≥ 1.29 sends telemetry unless this is set before it is first imported."""
