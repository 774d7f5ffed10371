"""Hostile SQL, hostile names, sockets and modes of files: nothing is changed, read, written or called that should not be."""

import hashlib
import os
import stat
import tempfile
from collections.abc import Callable
from functools import partial
from pathlib import Path
from typing import Any

import warehouse
from align.errors import AlignError
from benchmarks.reliability import hostile_names, hostile_sql, sockets
from benchmarks.reliability.figure import Figure, none_of
from warehouse import snapshot

SECRET = "3f9a1c0de-the-canary"
SLACK = 1 << 30  # bytes that a process may grow by beyond its limit before it is noticed and cut
LATE = 2.0  # seconds after its limit at which a statement must have been answered


def measure(full: bool) -> list[Figure]:
    """Everything in one temporary folder, of which all that is not the project's must be the same afterwards."""
    before = os.umask(0o022)
    try:
        with tempfile.TemporaryDirectory(prefix="security-") as folder:
            around = Path(folder)
            (around / "canary.csv").write_text(f"a,b\n{SECRET},1\n", encoding="utf-8")
            hostile = hostile_names.strings(500 if full else 120)
            before_build = outside(around, hostile, around / "project")
            store, documents, words = hostile_names.build(around / "project", hostile)
            built_beyond = changed(before_build, outside(around, hostile, around / "project"))
            return [
                none_of(
                    "hostile strings in a build: files written outside of the project", len(built_beyond), len(hostile)
                ),
                *names(around, store, documents, words, hostile),
                *statements(around, store),
                *bounds(around, store, full),
                *modes(around / "project", store),
                *links(around, store),
                *calls(around, store, full),
            ]
    finally:
        os.umask(before)


def names(
    around: Path, store: Path, documents: list[dict[str, Any]], words: tuple[str, ...], hostile: list[str]
) -> list[Figure]:
    """Hostile strings as names of everything."""
    out = around / "out"
    out.mkdir(mode=0o700)
    before = outside(around, hostile, out)
    with warehouse.open(store) as wh:
        lies = list(hostile_names.untrue(wh, documents, words))
        uses = list(hostile_names.raw(wh, hostile, out))
    beyond = changed(before, outside(around, hostile, out))
    nested = [path for path in out.rglob("*") if path.is_dir()]
    failed = [use for use, error in uses if error is not None]
    return [
        none_of(
            "hostile strings as ids, titles, keys, values, words: the store says otherwise than Python",
            len(lies),
            len(hostile),
        ),
        none_of("hostile strings as any name: an error that is not ours, or cannot be shown", len(failed), len(uses)),
        none_of("files or folders written outside of the root", len(beyond) + len(nested), len(uses)),
    ]


def statements(around: Path, store: Path) -> list[Figure]:
    """Hostile statements by `Warehouse.sql`, and those that no check of ours is needed for on the locked connection alone."""
    cwd = around / "cwd"
    cwd.mkdir(mode=0o700)
    given = {"canary": str(around / "canary.csv"), "new": str(cwd / "new"), "other": str(around / "canary.csv")}
    before = digests(around)
    served = [*hostile_sql.refused(), *hostile_sql.harmless()]
    both = list(hostile_sql.tried(store, served, given, cwd, "sql"))
    asked, free = both[: len(hostile_sql.refused())], both[len(hostile_sql.refused()) :]
    bare = list(hostile_sql.tried(store, hostile_sql.refused_bare(), given, cwd, "bare"))
    touched = changed(before, digests(around))
    every = [*asked, *free, *bare]
    shown = [one for one in asked + free if len(one["said"]) > 300 or not one["said"].isprintable()]
    return [
        none_of("hostile statements that were answered", sum(not one["code"] for one in asked), len(asked)),
        none_of("hostile statements that ended the process", sum(one["code"] == "crash" for one in every), len(every)),
        none_of(
            "errors that are not ours, or cannot be shown",
            sum(one["code"] == "raw" for one in asked + free) + len(shown),
            len(asked + free),
        ),
        none_of("files that hostile statements read", sum(SECRET in one["shown"] for one in every), len(every)),
        none_of("files that hostile statements wrote or changed", len(touched), len(every)),
    ]


def bounds(around: Path, store: Path, full: bool) -> list[Figure]:
    """Statements without an end: when they are answered, and what the process has grown by."""
    hogs, given, cwd = hostile_sql.hogs(full), {"canary": "", "new": "", "other": ""}, around / "cwd"
    groups = [[sql] for sql in hogs] if full else [hogs]
    told = [one for group in groups for one in hostile_sql.tried(store, group, given, cwd, "sql")]
    latest, most = max(one["seconds"] for one in told), max(one["grown"] for one in told)
    late = sum(one["seconds"] > hostile_sql.TIMEOUT + LATE for one in told)
    died = sum(one["code"] in ("crash", "raw") for one in told)
    return [
        Figure(
            f"{len(told)} endless or huge statements, {hostile_sql.TIMEOUT:g} s: slowest answer",
            f"{latest:.2f} s, {late} late, {died} without one", f"{hostile_sql.TIMEOUT + LATE:g} s", not late and not died,
        ),
        Figure(
            f"the same, {hostile_sql.MEMORY >> 20} MiB: most that the process had grown by when it answered",
            f"{most >> 20:,} MiB", f"{hostile_sql.MEMORY + SLACK >> 20:,} MiB", most <= hostile_sql.MEMORY + SLACK,
        ),
    ]  # fmt: skip


def modes(project: Path, store: Path) -> list[Figure]:
    """Modes of everything that a build, an export and a report wrote while the umask was 022."""
    from flows.report import write_report

    with warehouse.open(store) as wh:
        warehouse_export(wh, project / "fr.vec")
        write_report(wh, project / "report.html")
    written = [store, *store.rglob("*"), project / "fr.vec", project / "report.html"]
    open_ones = [path for path in written if not path.is_symlink() and stat.S_IMODE(path.stat().st_mode) & 0o077]
    return [none_of("files and folders that others may read", len(open_ones), len(written))]


def warehouse_export(wh: warehouse.Warehouse, path: Path) -> int:
    """`warehouse.export.export` of the words of fr."""
    from warehouse.export import export

    return export(wh, path, "fr")


def links(around: Path, store: Path) -> list[Figure]:
    """Each part of a warehouse as a symbolic link to one outside of it: writing is refused, and nothing appears there."""
    elsewhere, followed = around / "elsewhere", 0
    elsewhere.mkdir(mode=0o700)
    writes: dict[str, Callable[[Path], None]] = {
        "": lambda root: root.symlink_to(elsewhere),
        **{name: partial(_linked_part, name, elsewhere) for name in (".lock", "work", "prefect")},
    }
    reads: dict[str, Callable[[Path], None]] = {
        "pointer": lambda root: _linked_part(snapshot.POINTER, snapshot.current(store), root),
        "pointer to a folder": lambda root: _linked_part(snapshot.POINTER, elsewhere, root),
        "snapshot": lambda root: _linked_snapshot(root, store),
    }
    for number, (name, make) in enumerate({**writes, **reads}.items()):
        root = around / f"linked-{number}"
        make(root)
        try:
            if name in writes:
                with snapshot.writing(root):
                    pass
            else:
                warehouse.open(root).close()
            followed += 1
        except AlignError:
            followed += any(elsewhere.iterdir())
    every = len(writes) + len(reads)
    return [none_of("parts of a warehouse that are links to elsewhere and were followed", followed, every)]


def _linked_part(name: str, target: Path, root: Path) -> None:
    root.mkdir(mode=0o700)
    (root / name).symlink_to(target)


def _linked_snapshot(root: Path, store: Path) -> None:
    root.mkdir(mode=0o700)
    there = snapshot.current(store)
    for path in (there, there.with_suffix(".json")):
        (root / path.name).symlink_to(path)
    (root / snapshot.POINTER).symlink_to(there.name)


def calls(around: Path, store: Path, full: bool) -> list[Figure]:
    """Sockets beyond loopback; with `full` of a demo with Prefect, else of what a store is asked."""
    at = ["--warehouse", str(store)]
    asked = [["sql", "SELECT count(*) FROM words", *at], ["search", "en1 en2", "--lang", "en", *at]]
    if full:
        asked += [["report", "-o", "sockets.html", *at], ["demo", "--warehouse", "demo-store", "-o", "demo.html"]]
    found = [sockets.called(arguments, around / "cwd") for arguments in asked]
    beyond, total, traced = [a for far, _, _ in found for a in far], sum(n for _, n, _ in found), found[0][2]
    by = "Python's audit hook and strace" if traced else "Python's audit hook; no strace here"
    said = f"{len(beyond)} of {total:,} calls ({by})" + (f": {', '.join(sorted(set(beyond))[:3])}" if beyond else "")
    return [Figure("sockets beyond this machine" + (", with Prefect" if full else ""), said, "0", not beyond)]


def outside(around: Path, hostile: list[str], allowed: Path) -> dict[str, str]:
    """Everything around but what lies in `allowed`, and whether there is a file where a string would lead by itself."""
    led = (Path(text) for text in hostile if text.startswith(("/tmp/", "../../../../tmp/")) and "\0" not in text)
    places = {Path("/tmp", *path.parts[path.parts.index("tmp") + 1 :]) for path in led}
    there = {str(place): "there" for place in places if len(place.name) < 256 and place.exists()}
    return digests(around, except_for=allowed) | there


def digests(root: Path, except_for: Path | None = None) -> dict[str, str]:
    """Every path under `root`: its kind, mode and content. Locks and leases change nothing."""
    found = {}
    for path in root.rglob("*"):
        if except_for is not None and (path == except_for or except_for in path.parents):
            continue
        about = path.lstat()
        if path.is_symlink():
            content = str(path.readlink())
        else:
            content = hashlib.sha256(path.read_bytes()).hexdigest() if path.is_file() else ""
        found[str(path.relative_to(root))] = f"{about.st_mode:o} {content}"
    return found


def changed(before: dict[str, str], after: dict[str, str]) -> list[str]:
    """Paths that are new, gone or different."""
    return [path for path in before.keys() | after.keys() if before.get(path) != after.get(path)]
