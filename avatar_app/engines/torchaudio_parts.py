"""Makes torchaudio importable with a PyTorch for which it was not compiled."""

from __future__ import annotations

import sys
from importlib import import_module
from types import ModuleType

_COMPILED = "torchaudio._extension"


def import_torchaudio() -> None:
    """Import torchaudio, without its compiled parts if they cannot be loaded.

    PyPI's torchaudio is compiled for CUDA; with a CPU build of PyTorch it fails at import. The
    parts that coqui-tts uses (resampling, mel spectrograms) are written in Python; transformers
    only imports it.
    """
    try:
        import_module("torchaudio")
    except OSError:
        for name in [name for name in sys.modules if name.partition(".")[0] == "torchaudio"]:
            del sys.modules[name]
        sys.modules[_COMPILED] = _without_compiled_parts()
        import_module("torchaudio")


def _without_compiled_parts() -> ModuleType:
    module = ModuleType(_COMPILED)
    module.__dict__["_IS_TORCHAUDIO_EXT_AVAILABLE"] = False
    module.__dict__["fail_if_no_align"] = lambda function: function
    return module
