"""The last resort against files that cost too much: time and memory of the process are bounded while one is read."""

from __future__ import annotations

import resource
import signal
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from types import FrameType

from exchange.findings import SourceFault

SECONDS = 60
MEMORY = 400_000_000  # bytes beyond what the process has already


@contextmanager
def bounded(where: str, seconds: float = SECONDS, memory: int = MEMORY) -> Iterator[None]:
    """Raises SourceFault where what is done inside takes longer or needs more; elsewhere than in the main thread only memory counts."""
    limit, hard = resource.getrlimit(resource.RLIMIT_AS)
    wanted = _address_space() + memory
    in_main = threading.current_thread() is threading.main_thread()
    before = signal.getsignal(signal.SIGALRM) if in_main else None
    try:
        if hard == resource.RLIM_INFINITY or wanted < hard:
            resource.setrlimit(resource.RLIMIT_AS, (wanted, hard))
        if in_main:
            signal.signal(signal.SIGALRM, _too_long)
            signal.setitimer(signal.ITIMER_REAL, seconds)
        yield
    except MemoryError:
        resource.setrlimit(resource.RLIMIT_AS, (limit, hard))  # the message needs some too
        raise SourceFault(
            f"Reading needs more than {memory // 1_000_000} MB of memory. Split the file into smaller ones.", where
        ) from None
    except _Elapsed:
        raise SourceFault(
            f"Reading takes longer than {seconds:g} seconds. Split the file into smaller ones.", where
        ) from None
    finally:
        if in_main:
            signal.setitimer(signal.ITIMER_REAL, 0)
            signal.signal(signal.SIGALRM, before)
        resource.setrlimit(resource.RLIMIT_AS, (limit, hard))


class _Elapsed(BaseException):
    """Not an Exception, so that no library takes it for one of its own."""


def _too_long(_signal: int, _frame: FrameType | None) -> None:
    raise _Elapsed


def _address_space() -> int:
    """Bytes that the process has mapped."""
    try:
        pages = int(Path("/proc/self/statm").read_text("ascii").split()[0])
    except OSError:
        return resource.getrusage(resource.RUSAGE_SELF).ru_maxrss * 1024
    return pages * resource.getpagesize()
