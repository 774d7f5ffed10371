"""Laws of memory: what a build takes is told before, what cannot fit is refused with what would do, and blocks change no result."""

import subprocess
import sys
from dataclasses import replace

import duckdb
import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

import align
from align import retrieval
from align.errors import ConfigError, ResourceError
from align.memory import block_bytes, machine_memory, parse_size, shown_size, working_memory
from align.normalize import unit_rows
from align.vector_sizes import VectorsSize, vectors_size
from align.vectors import WordVectors
from benchmarks.reliability.memory import LIMITS, refusals
from benchmarks.reliability.memory_child import forget_peak, resident
from benchmarks.reliability.sized_project import Size, make_project
from flows import memory, steps
from flows.plan import make_plan
from flows.settings import load_settings
from warehouse.connection import create

MIB = 1 << 20
STEPS = (memory.fitting, memory.pooling, memory.judging, memory.publishing)
loads = st.builds(
    lambda words, languages, dim, documents, text: memory.Load(
        {f"l{n}": VectorsSize(words, dim) for n in range(languages)}, documents, text
    ),
    st.integers(1, 3_000_000), st.integers(2, 8), st.integers(2, 1_000), st.integers(0, 10**6), st.integers(0, 10**10),
)  # fmt: skip


@given(st.integers(1, 1 << 50))
def test_F24_a_number_that_is_named_is_read_back_as_no_less(size):
    assert size <= parse_size(shown_size(size)) <= size * 1.1 + MIB


@pytest.mark.parametrize(
    ("text", "size"), [("2GiB", 2 << 30), ("512 MiB", 512 << 20), ("4GB", 4 * 10**9), ("1.5GiB", 3 << 29), ("7B", 7)]
)
def test_F24_amounts_of_memory_are_read(text, size):
    assert parse_size(text) == size


@pytest.mark.parametrize(
    "text", ["", "2", "GiB", "-1GiB", "0MiB", "2GiB\n2", "1e9GiB", "99999999TiB", "2 gigs", 2, None, True]
)
def test_F24_what_is_no_amount_of_memory_is_refused(text):
    with pytest.raises(ConfigError) as refused:
        parse_size(text)
    assert refused.value.code == "config.bad_value"


@given(loads, st.integers(1, 1 << 36), st.sampled_from(STEPS))
def test_F24_what_a_step_needs_at_least_is_accepted_and_kept(load, limit, step):
    need = step(load)
    assert need.least <= need.most
    blocks, store = need.within(max(limit, need.least))
    assert need.fixed + blocks + store <= max(limit, need.least)
    assert blocks >= min(need.blocks, memory.LEAST_BLOCKS)
    assert store >= min(need.store, memory.LEAST_STORE)


@given(loads, st.integers(1, 1 << 20), st.sampled_from(STEPS))
def test_F24_fewer_words_never_need_more(load, limit, step):
    assert step(load.capped(limit)).least <= step(load).least


def test_F24_files_beyond_the_limit_are_refused_before_anything_is_allocated(tmp_path):
    found = list(refusals(tmp_path))
    assert len(found) == 5 * len(LIMITS) >= 20
    assert all(one.said and one.accepted and len(one.said) <= 300 for one in found)
    assert max(one.grew for one in found) < 32 * MIB


@pytest.fixture(scope="module")
def config(tmp_path_factory):
    return make_project(tmp_path_factory.mktemp("sized"), Size(2_000, dim=20, documents=30, method="procrustes"))


def limited(config, limit):
    return make_plan(load_settings(config, memory=limit))


def test_F24_a_refused_build_leaves_nothing_and_names_what_would_do(config):
    with pytest.raises(ResourceError) as refused:
        steps.check_inputs(limited(config, "100MiB"))
    assert refused.value.code == "memory.too_small"
    named = str(refused.value).split("--memory ")[1].split()[0]
    steps.check_inputs(limited(config, named))
    assert not (config.parent / "store").exists()


def test_F24_every_step_checks_for_itself(config):
    plan = limited(config, "100MiB")
    for step in (lambda: steps.prepare_vectors(plan, "en"), lambda: steps.read_sources(plan)):
        with pytest.raises(ResourceError) as refused:
            step()
        assert refused.value.code == "memory.too_small"


def test_F24_training_is_refused_before_vectors_are_made(config, tmp_path):
    (tmp_path / "en.txt").write_text("the house is white and the tree is green\n" * 50)
    about = '[languages.en]\ncorpus = ["en.txt"]\n[resources]\nmemory = "463MiB"\n'
    (tmp_path / "align.toml").write_text(about)
    plan = make_plan(load_settings(tmp_path / "align.toml"))
    memory.check_training(plan, "en", 1_000, False)
    with pytest.raises(ResourceError) as refused:
        memory.check_training(plan, "en", 10_000_000, True)
    assert refused.value.code == "memory.too_small"
    assert "training 10,000,000 en vectors" in str(refused.value)


def test_F24_who_trains_is_told_of_the_words_before_vectors_are_made(tmp_path):
    text = tmp_path / "en.txt"
    text.write_text("the house is white and the tree is green\n" * 50)
    told = []

    def refuse(words, counted):
        told.append((words, counted))
        raise ResourceError("memory.too_small", "no")

    with pytest.raises(ResourceError):
        align.train_vectors([text], lang="en", dim=10, check=refuse)
    assert told == [(7, True)]


def test_F24_the_option_wins_and_the_plan_is_the_same(config):
    assert load_settings(config, memory="2GiB").resources.memory == 2 << 30
    assert memory.allowed(load_settings(config)) == int(memory.SHARE * machine_memory())
    assert limited(config, "2GiB").whole == limited(config, "4GiB").whole


def test_F24_a_control_group_counts_where_it_has_less(tmp_path):
    (tmp_path / "cgroup").write_text("0::/a/b\n")
    (tmp_path / "fs/a/b").mkdir(parents=True)
    (tmp_path / "fs/a/memory.max").write_text("123456789\n")
    (tmp_path / "fs/a/b/memory.max").write_text("max\n")
    assert machine_memory(tmp_path / "cgroup", tmp_path / "fs") == 123456789
    assert machine_memory(tmp_path / "none", tmp_path / "fs") > 1 << 28


@pytest.mark.parametrize("name", ["a.vec", "a.npz", "a.safetensors"])
def test_F24_the_size_of_vectors_is_told_by_their_file(tmp_path, name):
    words = tuple(f"word{n}" for n in range(3_000))
    align.write_vectors(WordVectors("en", words, np.ones((3_000, 5), "f4")), tmp_path / name)
    found = vectors_size(tmp_path / name)
    assert (found.words, found.dim, found.buckets) == (3_000, 5, 0)
    assert vectors_size(tmp_path / name, limit=10).words == 10


def test_F24_headers_that_lie_are_refused_under_a_cap_on_addresses(tmp_path):
    lies = {
        "text.vec": b"999999999 300\nword" + b" 1" * 300 + b"\n",
        "binary.bin": b"999999999 300\nword " + bytes(1200),
    }
    for name, content in lies.items():
        (tmp_path / name).write_bytes(content)
    code = (
        "import resource, sys, align, numpy\n"
        "from pathlib import Path\n"
        "now = int(Path('/proc/self/statm').read_text().split()[0]) * resource.getpagesize()\n"
        "resource.setrlimit(resource.RLIMIT_AS, (now + (300 << 20),) * 2)\n"
        "for path in sys.argv[1:]:\n"
        "    try: align.read_vectors(path, lang='en')\n"
        "    except align.InputError as error: print(error.code)\n"
    )
    paths = [str(tmp_path / name) for name in lies]
    ran = subprocess.run([sys.executable, "-c", code, *paths], capture_output=True, text=True)
    assert ran.stdout.split() == ["vec.bad_header", "vec.bad_header"], ran.stderr


@pytest.mark.parametrize("held", [8, 24, 256])
def test_F24_smaller_blocks_find_the_same(held):
    rng = np.random.default_rng(0)
    source, target = (unit_rows(rng.standard_normal((n, 16)).astype("f4")) for n in (2_100, 2_300))
    before = (*retrieval.best_neighbours(source, target), retrieval.neighbourhood(source, target))
    with working_memory(held * MIB):
        after = (*retrieval.best_neighbours(source, target), retrieval.neighbourhood(source, target))
    assert np.array_equal(before[0], after[0])
    assert np.array_equal(before[1], after[1])
    np.testing.assert_allclose(before[2], after[2], atol=2e-5)


def test_F24_working_memory_ends_with_its_block():
    with working_memory(1):
        assert block_bytes(256 * MIB) == 8 * MIB
    assert block_bytes(256 * MIB) == 256 * MIB


def test_F24_scaling_rows_holds_no_copy_in_float64():
    matrix = np.ones((100_000, 100), "f4")
    unit_rows(matrix[:10])
    forget_peak()
    before = resident()
    unit_rows(matrix)
    assert resident() - before < 1.5 * matrix.nbytes + 8 * MIB


def test_F24_duckdb_keeps_its_limit_spills_beside_the_store_and_goes_on(tmp_path):
    connection = create(tmp_path / ".build-0a.duckdb", 4, 64 * MIB)
    assert connection.execute("SELECT current_setting('temp_directory')").fetchone() == (
        str(tmp_path / ".build-0a.spill"),
    )
    assert connection.execute("SELECT current_setting('memory_limit')").fetchone() == ("64.0 MiB",)
    with pytest.raises(duckdb.OutOfMemoryException):
        connection.execute("SELECT list(range) FROM range(100_000_000)").fetchall()
    assert connection.execute("SELECT 42").fetchone() == (42,)
    connection.close()
    assert not (tmp_path / ".build-0a.spill").exists()


def test_F24_two_languages_that_do_not_fit_are_read_one_after_another(config):
    plan = limited(config, "4GiB")
    assert memory.side_by_side(plan)
    tight = memory.reading("en", vectors_size(config.parent / "en.safetensors")).least
    resources = plan.settings.resources.model_copy(update={"memory": tight})
    assert not memory.side_by_side(replace(plan, settings=plan.settings.model_copy(update={"resources": resources})))
