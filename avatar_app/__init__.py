"""A private, local desktop application in which a person talks with a face."""

import os

__version__ = "0.1.0"

os.environ["ORT_DISABLE_TELEMETRY"] = "1"
"""ONNX Runtime ≥ 1.29 reports to its maker unless told not to before it is first imported."""
