"""The memory allocator of the process, told to keep what is freed."""

import ctypes
import platform
from functools import cache

_TRIM_THRESHOLD, _MMAP_THRESHOLD = -1, -3
_MMAP_FROM = 2**30


@cache
def keep_freed_memory() -> bool:
    """Ask the C library to keep freed memory for the next tensor instead of handing it back to the system.

    glibc maps large blocks anew each time and unmaps them at once; every step of a stack would then pay for the same
    fresh pages again, which costs more than its arithmetic. Memory of the process stays at its highest until it ends.
    Elsewhere than on glibc nothing is done.

    Returns:
        Whether it was done.
    """
    if platform.libc_ver()[0] != "glibc":
        return False
    mallopt = ctypes.CDLL(None).mallopt
    return bool(mallopt(_MMAP_THRESHOLD, _MMAP_FROM) and mallopt(_TRIM_THRESHOLD, 2**31 - 1))
