"""Work on numbered subjects that several processes share."""

from __future__ import annotations

import traceback
from abc import ABC, abstractmethod
from collections.abc import Iterable, Iterator
from contextlib import AbstractContextManager, nullcontext
from multiprocessing import get_context
from multiprocessing.connection import Connection

FEW = 8  # so many subjects are made before other processes would have begun


class Work(ABC):
    """Makes subjects by number. Processes are forked from one that has it: a plan is made of closures."""

    def at_work(self) -> AbstractContextManager[object]:
        """What each process holds open meanwhile."""
        return nullcontext()

    @abstractmethod
    def make(self, number: int) -> str:
        """Make a subject; what to say of it."""

    def results(self, number: int, processes: int) -> Iterator[str]:
        """All subjects from 1 on, in order; each process makes its share."""
        if processes == 1 or number <= FEW:
            with self.at_work():
                yield from map(self.make, range(1, number + 1))
            return
        context = get_context("fork")
        pipes: list[Connection] = []
        for place in range(processes):
            ours, theirs = context.Pipe(duplex=False)
            numbers = range(place + 1, number + 1, processes)
            context.Process(target=self._serve, args=(theirs, numbers), daemon=True).start()
            theirs.close()
            pipes.append(ours)
        for place in range(number):
            found = pipes[place % processes].recv()
            if isinstance(found, Exception):
                raise found
            yield found

    def _serve(self, pipe: Connection, numbers: Iterable[int]) -> None:
        try:
            with self.at_work():
                for number in numbers:
                    pipe.send(self.make(number))
        except Exception as fault:  # noqa: BLE001 -- the process that asked raises it
            pipe.send(_portable(fault))


def _portable(fault: Exception) -> Exception:
    """The fault as another process can take it: what is not made of its text alone arrives as text."""
    try:
        type(fault)(*fault.args)  # as it is made there
    except Exception:  # noqa: BLE001 -- whatever its constructor thinks of it
        return RuntimeError("".join(traceback.format_exception(fault)))
    return fault


__all__ = ["Work"]
