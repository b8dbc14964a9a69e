"""Forbid a process internet sockets for good, with Linux's seccomp(2): libraries and children too.

The filter cannot look at addresses, so it leaves no loopback either; Unix sockets stay.
"""

from __future__ import annotations

import ctypes
import errno
import logging
import platform
import struct
import sys

log = logging.getLogger(__name__)

_ARCHITECTURES = {"x86_64": (0xC000003E, 41, 317), "aarch64": (0xC00000B7, 198, 277)}
"""AUDIT_ARCH, and the numbers of socket(2) and seccomp(2)."""
_FORBIDDEN = (2, 10, 17, 40)
"""AF_INET, AF_INET6, AF_PACKET, AF_VSOCK."""
_IO_URING_SETUP = 425
"""Its rings make sockets past the filter."""
_X32 = 0x40000000
"""From here on stand the numbers of x86's other interface."""
_LOAD, _EQUAL, _AT_LEAST, _RETURN = 0x20, 0x15, 0x35, 0x06
_ALLOW, _ERRNO = 0x7FFF0000, 0x00050000
_NUMBER, _ARCHITECTURE, _FIRST_ARGUMENT = 0, 4, 16
"""Offsets in struct seccomp_data."""
_NO_NEW_PRIVILEGES = 38
_SET_FILTER, _ALL_THREADS = 1, 1


class _Program(ctypes.Structure):
    """struct sock_fprog."""

    _fields_ = (("length", ctypes.c_ushort), ("instructions", ctypes.c_void_p))


def seal() -> bool:
    """Forbid this process, all its threads and its future children internet sockets, until it ends.
    False where the system cannot."""
    known = _ARCHITECTURES.get(platform.machine())
    if not sys.platform.startswith("linux") or known is None:
        return False
    architecture, socket, seccomp = known
    instructions = _program(architecture, socket)
    buffer = ctypes.create_string_buffer(instructions)
    program = _Program(len(instructions) // 8, ctypes.addressof(buffer))
    libc = ctypes.CDLL(None, use_errno=True)
    if libc.prctl(_NO_NEW_PRIVILEGES, 1, 0, 0, 0) != 0:
        return False
    refused = libc.syscall(seccomp, _SET_FILTER, _ALL_THREADS, ctypes.byref(program)) != 0
    if refused:
        log.info("No seccomp filter: %s", errno.errorcode.get(ctypes.get_errno(), "unknown"))
    return not refused


def _program(architecture: int, socket: int) -> bytes:
    """The filter, in classic BPF."""
    refuse = len(_FORBIDDEN) + 8  # index of the instruction that refuses
    code: list[tuple[int, int, int, int]] = []

    def jump_to(kind: int, value: int, target: int, otherwise: int) -> None:
        at = len(code) + 1
        code.append((kind, target - at, otherwise - at, value))

    code.append((_LOAD, 0, 0, _ARCHITECTURE))
    jump_to(_EQUAL, architecture, 2, refuse)
    code.append((_LOAD, 0, 0, _NUMBER))
    jump_to(_AT_LEAST, _X32, refuse, 4)
    jump_to(_EQUAL, _IO_URING_SETUP, refuse, 5)
    jump_to(_EQUAL, socket, 6, refuse - 1)
    code.append((_LOAD, 0, 0, _FIRST_ARGUMENT))
    for family in _FORBIDDEN:
        jump_to(_EQUAL, family, refuse, len(code) + 1)
    code.append((_RETURN, 0, 0, _ALLOW))
    code.append((_RETURN, 0, 0, _ERRNO | errno.EACCES))
    return b"".join(struct.pack("HBBI", *instruction) for instruction in code)
