"""Runs llama.cpp's own server in a separate process on this machine."""

from __future__ import annotations

import json
import socket
import subprocess
import sys
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path

from avatar_app.core.errors import EngineFailed

SOON = 60.0
"""Timeout in seconds for the server's messages."""
READY = "main: server is listening"
STOPPED = "cancel task"
"""The server's message when a client has disconnected."""
MODEL = "small"
"""The server's model name."""
_PROGRAM = """
import json, sys, threading
import xllamacpp

options = json.loads(sys.argv[1])
parameters = xllamacpp.CommonParams()
parameters.model.path, parameters.model_alias = options["model"], {options["alias"]}
parameters.n_ctx, parameters.n_parallel = options["context"], 1
parameters.hostnames, parameters.port = ["127.0.0.1"], options["port"]
parameters.cpuparams.n_threads = parameters.cpuparams_batch.n_threads = 1
parameters.warmup = parameters.ui = parameters.fit_params = False
parameters.n_batch = parameters.n_ubatch = options["batch"]
parameters.cache_ram_mib, parameters.verbosity = 0, 5
server = xllamacpp.Server(parameters)
print("main: server is listening", flush=True)
sys.stdin.read()
"""
BATCH = 32
"""Tokens that it processes before it checks whether the client is connected."""


@dataclass
class LlamaServer:
    """The process, and its output."""

    port: int
    process: subprocess.Popen[str]
    lines: list[str] = field(default_factory=list)
    changed: threading.Condition = field(default_factory=threading.Condition)

    @property
    def address(self) -> str:
        return f"http://127.0.0.1:{self.port}/v1"

    def read(self) -> None:
        """Read the process's output, until it ends."""
        assert self.process.stdout is not None
        for line in self.process.stdout:
            self._add(line)
        self._add("It has ended.")

    def wait_for(self, text: str) -> None:
        """Wait until the server has written `text`; raises EngineFailed if it does not."""
        with self.changed:
            if not self.changed.wait_for(lambda: any(text in line for line in self.lines), SOON):
                last = " ".join(line.strip() for line in self.lines[-4:])
                raise EngineFailed(
                    f"llama.cpp's server did not write {text!r}: {last}", "Try again."
                )

    def _add(self, line: str) -> None:
        with self.changed:
            self.lines.append(line)
            self.changed.notify_all()


@contextmanager
def serving(model: Path, context: int) -> Iterator[LlamaServer]:
    """Yield a server that answers with `model`, a GGUF file; `context`: tokens."""
    port = _free_port()
    options = {
        "model": str(model),
        "alias": MODEL,
        "context": context,
        "port": port,
        "batch": BATCH,
    }
    process = subprocess.Popen(
        [sys.executable, "-u", "-W", "ignore", "-c", _PROGRAM, json.dumps(options)],
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
    )
    server = LlamaServer(port, process)
    reader = threading.Thread(target=server.read, name="server", daemon=True)
    reader.start()
    try:
        server.wait_for(READY)
        yield server
    finally:
        process.kill()
        process.wait()
        reader.join()
        assert process.stdin is not None
        assert process.stdout is not None
        process.stdin.close()
        process.stdout.close()


def _free_port() -> int:
    with socket.socket() as asked:
        asked.bind(("127.0.0.1", 0))
        return int(asked.getsockname()[1])
