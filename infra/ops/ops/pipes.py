"""Bytes on their way from who writes to who reads, without a file between them."""

import os
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager, suppress
from typing import IO

type Write = Callable[[IO[bytes]], None]


@contextmanager
def read_from(write: Write) -> Iterator[IO[bytes]]:
    """A file that reads what `write` writes in a thread of its own; at the end its failure is raised here."""
    source, target = os.pipe()

    def run() -> None:
        with suppress(BrokenPipeError), os.fdopen(target, "wb") as file:  # the reader may have had enough
            write(file)

    with ThreadPoolExecutor(1) as threads:
        with os.fdopen(source, "rb") as file:
            writing = threads.submit(run)
            yield file
        writing.result()
