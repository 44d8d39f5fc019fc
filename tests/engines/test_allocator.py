"""The allocator keeps what is freed where it can, and is left alone elsewhere."""

import platform

import pytest

from counterpoint.engines import allocator


def test_it_is_told_on_glibc_only(monkeypatch: pytest.MonkeyPatch):
    ask = allocator.keep_freed_memory.__wrapped__
    assert ask() is (platform.libc_ver()[0] == "glibc")
    monkeypatch.setattr(platform, "libc_ver", lambda: ("", ""))
    assert ask() is False
