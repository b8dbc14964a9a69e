"""Chooses the library through which llama.cpp runs a model."""

from __future__ import annotations

from importlib.util import find_spec

from avatar_app.core.errors import ConfigInvalid
from avatar_app.engines.llama_cpp.native_server import NativeServer
from avatar_app.engines.llama_cpp.python_bindings import PythonBindings

AUTO, COMPILED = "auto", "llama-cpp-python"
"""Values of the option `library`; any other is the one that comes with the program."""


def backend_for(library: str) -> type[NativeServer] | type[PythonBindings]:
    """Return the backend: a library compiled on this machine is preferred. Raises ConfigInvalid
    where that is asked for and not installed."""
    is_compiled = find_spec("llama_cpp") is not None
    if library == COMPILED and not is_compiled:
        raise ConfigInvalid(
            f"{COMPILED} is not installed.", "Install it, or let the option library be auto."
        )
    return PythonBindings if is_compiled and library in (AUTO, COMPILED) else NativeServer
