"""Tables of devices, engines and benchmarks."""

from __future__ import annotations

import importlib

from rich.table import Table
from rich.text import Text

from avatar_app.audio.backend import list_devices
from avatar_app.bench import BENCHES, module_of
from avatar_app.core.manifest import Manifest
from avatar_app.runtime.registry import Registry


def device_table() -> Table:
    """Return a table of microphones and loudspeakers; raises DeviceUnavailable without a sound
    system."""
    table = Table("Device", "Sound system", "Inputs", "Outputs", "", box=None, header_style="bold")
    for device in list_devices():
        defaults = ("microphone" * device.default_input, "loudspeaker" * device.default_output)
        default = " and ".join(name for name in defaults if name)
        table.add_row(
            device.name,
            device.host,
            str(device.inputs),
            str(device.outputs),
            f"default {default}" if default else "",
        )
    return table


def engine_table(registry: Registry) -> Table:
    """Return a table of every engine with its options."""
    table = Table(
        "Kind", "Engine", "What it is", "Options", box=None, header_style="bold", pad_edge=False
    )
    for manifest in registry.all():
        missing = registry.missing_packages(manifest)
        state = f" (needs {', '.join(missing)})" if missing else ""
        about = Text.assemble(manifest.title, (state, "yellow"), "\n", (manifest.summary, "dim"))
        table.add_row(manifest.kind.value, manifest.name, about, _options(manifest))
    return table


def bench_table() -> Table:
    """Return a table of the benchmarks, with their own descriptions."""
    table = Table("Bench", "Question", box=None, header_style="bold", pad_edge=False)
    for name in BENCHES:
        says = importlib.import_module(module_of(name)).__doc__ or ""
        table.add_row(name, says.partition("\n\n")[0].replace("\n", " "))
    return table


def _options(manifest: Manifest) -> Text:
    lines = []
    for option in manifest.options:
        values = option.accepts if len(option.values) <= 8 else f"one of {len(option.values)}"
        lines.append(Text.assemble(f"{option.name} = {option.default} ", (values, "dim")))
    return Text("\n").join(lines)
