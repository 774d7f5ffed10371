"""Stores of every earlier schema, as the code of their time wrote them (tests/warehouse/stores): upgraded, killed on the way, compared."""

import hashlib
import random
import shutil
import signal
import subprocess
import sys
import tarfile
import tempfile
import time
from dataclasses import dataclass
from pathlib import Path

import duckdb

import warehouse
from align.errors import CorruptStoreError
from benchmarks.reliability import clients
from benchmarks.reliability.figure import Figure, none_of
from warehouse import snapshot
from warehouse.connection import SCHEMA

STORES = Path(__file__).parents[2] / "tests" / "warehouse" / "stores"
TWINS = "maison fleuve rue soleil"  # three French documents of every kept store say this and nothing else
KILLS = 60
# What must be in the new store as it was in the old one, by the columns that every schema has.
_SAME = {
    "words": "space_id, lang, word, rank, count, weight, vector",
    "word_hubness": "space_id, source, lang, rank, hubness",
    "rotations": "space_id, lang, matrix, steps, means, method, n_pairs, rank, report, pooling_mean, pooling_documents",
    "dictionary_pairs": "source, target, source_word, target_word, weight, origin, part",
    "documents": "doc_id, lang, title, text, metadata, content_hash",
    "evaluations": "space_id, task, source, target, measure, value",
    "runs": "run_id, plan, started_at, finished_at, config, versions",
}


@dataclass(frozen=True)
class Difference:
    """Of two stores: `rows` in the first, `lost` of them, `made` in the second alone; `vectors` of documents whose known words are the
    same, and the largest distance `apart` of two such.
    """  # fmt: skip

    rows: int
    lost: int
    made: int
    vectors: int
    apart: float


def kept_stores() -> list[Path]:
    """One packed store for every schema that was, and way in which it was."""
    return sorted(STORES.glob("schema-*.tar.xz"))


def unpack(packed: Path, root: Path) -> Path:
    """The snapshot that a kept store has published, in a warehouse at `root`. Writes."""
    root.mkdir(parents=True, mode=0o700)
    with tarfile.open(packed) as files:
        files.extractall(root, filter="data")
    return snapshot.current(root)


def difference(earlier: Path, now: Path) -> Difference:
    """What an upgrade changed of what was given or fitted."""
    with duckdb.connect() as connection:
        connection.execute(f"ATTACH '{earlier}' AS a (READ_ONLY); ATTACH '{now}' AS b (READ_ONLY)")
        rows = lost = made = 0
        for table, columns in _SAME.items():
            one, other = (f"SELECT {columns} FROM {name}.{table}" for name in "ab")
            counts = f"SELECT (SELECT count(*) FROM ({one})), (SELECT count(*) FROM ({one} EXCEPT ALL {other})), (SELECT count(*) FROM ({other} EXCEPT ALL {one}))"
            found = connection.execute(counts).fetchall()[0]
            rows, lost, made = rows + found[0], lost + found[1], made + found[2]
        vectors, apart = connection.execute(
            "SELECT count(*), max(array_distance(x.vector, y.vector)) FROM a.document_vectors x JOIN b.document_vectors y "
            "USING (lang, doc_id) WHERE x.known_tokens = y.known_tokens AND x.vector IS NOT NULL"
        ).fetchall()[0]
    return Difference(rows, lost, made, vectors, apart)


def finds_twins(root: Path) -> bool:
    """Whether search in Python and in SQL finds the three texts that say the same before all others."""
    with warehouse.open(root) as wh:
        hits = wh.search(TWINS, "fr", into=["fr"], k=3)["doc_id"].to_list()
        sql = wh.sql("SELECT doc_id FROM search_text(?, 'fr', k := 3, into_ := ['fr']) ORDER BY rank", [TWINS])
    return hits == ["twin-a", "twin-b", "twin-c"] == sql["doc_id"].to_list()


def contents(root: Path) -> dict[str, tuple[str, int]]:
    """SHA-256 and time of change of everything in a folder."""
    found = {}
    for path in sorted(root.iterdir()):
        told = str(path.readlink()).encode() if path.is_symlink() else path.read_bytes()
        found[path.name] = (hashlib.sha256(told).hexdigest(), path.lstat().st_mtime_ns)
    return found


def publish_newer(root: Path) -> None:
    """A store as a later release would leave it: one migration more. Writes."""

    def fill(connection: duckdb.DuckDBPyConnection) -> None:
        connection.execute("INSERT INTO schema_migrations VALUES (?, 'later')", [SCHEMA + 1])

    with snapshot.writing(root):
        snapshot.publish(root, 2, fill)


def kill_upgrade(root: Path, seconds: float) -> bool:
    """Start an upgrade in a process of its own and kill it after that time; whether it was still at work."""
    code = "import sys, warehouse; print(flush=True); warehouse.upgrade(sys.argv[1])"
    child = subprocess.Popen([sys.executable, "-c", code, str(root)], stdout=subprocess.PIPE, stderr=subprocess.PIPE)
    with child:
        assert child.stdout is not None
        child.stdout.readline()  # imports are done
        time.sleep(seconds)
        child.kill()
    return child.returncode == -signal.SIGKILL


def measure(full: bool) -> list[Figure]:
    """Upgrade every kept store; with `full`, kill upgrades at random moments, and read with every version of DuckDB."""
    with tempfile.TemporaryDirectory() as folder:
        figures = [*_upgrades(Path(folder)), _newer(Path(folder))]
        figures += _kills(Path(folder) / "killed", KILLS if full else 4)
        figures += _clients(Path(folder), clients.VERSIONS if full else ())
        return figures + ([_published_by_another(Path(folder))] if full else [])


def _upgrades(folder: Path) -> list[Figure]:
    stores = kept_stores()
    differences, good, untouched, twins, again = [], 0, 0, 0, 0
    for packed in stores:
        root = folder / packed.name
        earlier = unpack(packed, root)
        before = contents(root)
        done = warehouse.upgrade(root)
        warehouse.verify(root)
        good += done.published and done.schema == SCHEMA
        after = contents(root)
        untouched += all(after[name] == before[name] for name in before if name != snapshot.POINTER)
        differences.append(difference(earlier, snapshot.current(root)))
        twins += finds_twins(root)
        again += not warehouse.upgrade(root).published and contents(root) == after
    rows, vectors = (sum(getattr(one, name) for one in differences) for name in ("rows", "vectors"))
    changed, apart = sum(one.lost + one.made for one in differences), max(one.apart for one in differences)
    n = len(stores)
    return [
        Figure("stores of earlier schemas upgraded and verified", f"{good} of {n}", str(n), good == n),
        none_of("rows lost or changed: words, rotations, pairs, documents, figures, runs", changed, rows),
        Figure(f"largest change of {vectors:,} vectors of documents", f"{apart:.1e}", "1e-6", apart <= 1e-6),
        Figure("stores that find twin texts, in Python and in SQL", f"{twins} of {n}", str(n), twins == n),
        none_of("files of the old snapshot changed", n - untouched, n),
        none_of("second upgrades that changed a file", n - again, n),
    ]


def _newer(folder: Path) -> Figure:
    root = folder / "newer"
    publish_newer(root)
    before, wrong, doors = contents(root), 0, (warehouse.open, warehouse.verify, warehouse.upgrade)
    for door in doors:
        try:
            door(root)
            wrong += 1
        except CorruptStoreError as error:
            wrong += error.code != "store.newer" or contents(root) != before
    return none_of("ways into a newer store that are not refused, or write", wrong, len(doors))


def _kills(folder: Path, times: int) -> list[Figure]:
    """Kill upgrades at moments spread over what one takes, and finish each by one rerun."""
    packed, choose = kept_stores()[0], random.Random(8)
    unpack(packed, folder / "timed")
    started = time.perf_counter()
    warehouse.upgrade(folder / "timed")
    seconds = time.perf_counter() - started
    killed = lost = unfinished = 0
    for number in range(times):
        root = folder / str(number)
        earlier = unpack(packed, root)
        before = contents(root)[earlier.name]
        killed += kill_upgrade(root, choose.uniform(0, seconds))
        stands = snapshot.current(root)
        lost += contents(root)[earlier.name] != before or not (
            stands == earlier or warehouse.verify(root).snapshot == stands.name
        )
        warehouse.upgrade(root)
        warehouse.verify(root)
        unfinished += any(path.name.startswith(".build-") for path in root.iterdir())
        shutil.rmtree(root)
    return [
        Figure("upgrades killed at work", f"{killed} of {times}", "most", killed > times // 2),
        none_of("killed upgrades that left neither the old nor a whole new snapshot", lost, times),
        none_of("killed upgrades that one rerun did not finish and clean up", unfinished, times),
    ]


def _clients(folder: Path, versions: tuple[str, ...]) -> list[Figure]:
    """Two stores, one with n-grams and one upgraded, read by plain clients: every table and macro."""
    clients.publish_with_ngrams(folder / "ngrams")
    stores = [snapshot.current(folder / name) for name in ("ngrams", kept_stores()[-1].name)]
    published = [clients.answers(store) for store in stores]
    missing = len(clients.unasked())
    figures = [none_of("macros that no client asked", missing, missing + len(clients.MACROS))]
    silent = [
        name
        for name in clients.MACROS
        if not any(isinstance(told["answers"][name], list) and told["answers"][name] for told in published)
    ]
    figures.append(
        none_of(f"macros that have no answer in DuckDB {published[0]['version']}", len(silent), len(clients.MACROS))
    )
    for version in versions:
        told = [clients.answers(store, version) for store in stores]
        pairs = [
            (one["answers"][name], other["answers"][name])
            for one, other in zip(published, told, strict=True)
            for name in one["answers"]
        ]
        distances = [clients.apart(*pair) for pair in pairs]
        good = sum(distance <= clients.TOLERANCE for distance in distances)
        found = f"{good} of {len(pairs)} answers, at most {max(distances):.0e} apart"
        figures.append(
            Figure(
                f"DuckDB {told[0]['version']} reads what {published[0]['version']} publishes",
                found,
                "all",
                good == len(pairs),
            )
        )
    return figures


def _published_by_another(folder: Path) -> Figure:
    """The newest kept store, upgraded under the newest DuckDB, read here."""
    root = folder / "another"
    earlier = unpack(kept_stores()[-1], root)
    version = clients.upgrade_under(root, clients.VERSIONS[-1], folder / "duckdb")
    told = difference(earlier, snapshot.current(root))
    good = snapshot.read_manifest(snapshot.current(root)).duckdb == version and warehouse.verify(root).documents > 0
    good = good and finds_twins(root) and (told.lost, told.made) == (0, 0) and told.apart <= 1e-6
    promise = f"a store published under DuckDB {version} is whole under {duckdb.__version__}"
    return Figure(promise, "verified" if good else "not", "verified", good)
