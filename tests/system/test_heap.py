"""Freed memory goes back to the system, also what threads have freed."""

from __future__ import annotations

import subprocess
import sys

FREE = """
import threading, psutil
from avatar_app.system.heap import return_freed, share_heaps

share_heaps()
kept = []

def use():
    small = [bytes(1000) for _ in range(20_000)]
    kept.append(small[-1])

for _ in range(12):
    thread = threading.Thread(target=use)
    thread.start()
    thread.join()
before = psutil.Process().memory_info().rss
return_freed()
print(before - psutil.Process().memory_info().rss)
"""


def test_what_threads_freed_is_returned() -> None:
    said = subprocess.run(
        [sys.executable, "-c", FREE], capture_output=True, text=True, check=True, timeout=120
    )
    assert int(said.stdout) > 1_000_000 or sys.platform != "linux"
