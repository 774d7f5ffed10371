"""Work on all cores, in threads of ours that multiply with one thread of BLAS each.

A product of matrices wants every core for itself. Where several of our threads multiply at once, the threads of BLAS
wait for one another by spinning; beside other work publishing took seven times the CPU time (benchmarks/README.md).
"""

import os
from collections.abc import Callable, Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from functools import cache
from typing import TypeVar

from threadpoolctl import ThreadpoolController

A = TypeVar("A")
T = TypeVar("T")


def in_parallel(work: Callable[[A], T], items: Sequence[A]) -> Iterator[T]:
    """`work` of every item, in order, on all cores; one item alone is worked on here, with all the threads of BLAS.

    What `work` raises is raised where its result is taken.

    >>> list(in_parallel(abs, [-1, 2]))
    [1, 2]
    """
    if len(items) <= 1:
        yield from map(work, items)
        return
    with one_blas_thread(), ThreadPoolExecutor(max_workers=os.cpu_count() or 1) as pool:
        yield from pool.map(work, items)


@contextmanager
def one_blas_thread() -> Iterator[None]:
    """Within, products use one thread of BLAS. Of several of our threads, the first to enter decides (threadpoolctl)."""
    with _controller().limit(limits=1, user_api="blas"):
        yield


@cache
def _controller() -> ThreadpoolController:
    """The BLAS libraries of this process, numpy's and scipy's."""
    import scipy.linalg  # noqa: F401  # so that its library is there to be found

    return ThreadpoolController()
