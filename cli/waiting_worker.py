"""A process of the server in which connections that ask nothing yet hold up nobody."""

from __future__ import annotations

import errno
import selectors
import time
from functools import partial
from typing import Any

from gunicorn.workers.gthread import TConn, ThreadWorker  # type: ignore[import-untyped]

_NOTHING = (errno.EAGAIN, errno.EWOULDBLOCK, errno.ECONNABORTED)  # somebody else took it, or it is gone


class WaitingWorker(ThreadWorker):  # type: ignore[misc]  # it ships no types
    """Threads that begin with a request once it comes.

    Browsers open connections ahead, and people read before they ask. gunicorn lets a thread wait five seconds for the
    first request of each; here it waits where later requests of a connection do, beside all others.
    """

    def accept(self, listener: Any) -> None:
        """Take a connection, and look again when something comes."""
        try:
            client, address = listener.accept()
        except OSError as fault:
            if fault.errno not in _NOTHING:
                raise
            return
        self.nr_conns += 1
        waiting = TConn(self.cfg, client, address, listener.getsockname())
        waiting.timeout = time.monotonic() + self.cfg.timeout
        self.pending_conns.append(waiting)
        self.poller.register(client, selectors.EVENT_READ, partial(self.on_pending_socket_readable, waiting))


__all__ = ["WaitingWorker"]
