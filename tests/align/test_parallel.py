"""Threads of ours and threads of BLAS: results in order, and the setting of the process restored whatever happens."""

from concurrent.futures import ThreadPoolExecutor
from threading import Barrier

import pytest
from threadpoolctl import threadpool_info

from align.parallel import in_parallel, one_blas_thread


def blas_threads():
    return [found["num_threads"] for found in threadpool_info() if found["user_api"] == "blas"]


def test_results_stand_in_the_order_of_the_items():
    assert list(in_parallel(lambda n: n * n, range(200))) == [n * n for n in range(200)]
    assert list(in_parallel(str, [])) == []


def test_what_work_raises_is_raised_and_the_setting_restored():
    before = blas_threads()
    with pytest.raises(ZeroDivisionError):
        list(in_parallel(lambda n: 1 // n, [1, 0, 1]))
    assert blas_threads() == before


def test_within_work_on_several_items_blas_has_one_thread():
    assert set(map(tuple, in_parallel(lambda _: blas_threads(), range(4)))) == {(1,) * len(blas_threads())}
    assert list(in_parallel(lambda _: blas_threads(), range(1))) == [blas_threads()]


def test_of_several_at_once_the_setting_is_restored_once_all_have_left():
    before = blas_threads()
    both_inside = Barrier(2)

    def work(_):
        with one_blas_thread():
            both_inside.wait(10)

    with ThreadPoolExecutor(2) as pool:
        list(pool.map(work, range(2)))
    assert blas_threads() == before
