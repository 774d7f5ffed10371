"""`python tests/warehouse/stores/keep.py NAME COMMIT`: keep a small store as the code of COMMIT writes it, as NAME.tar.xz.

Run it with an interpreter that has the dependencies of the project. Where the tests of COMMIT can publish passages, the
store has some. Beside its documents every store has one that is written without accents, one run and one figure.
"""

import importlib.util
import json
import lzma
import os
import subprocess
import sys
import tarfile
import tempfile
from pathlib import Path

import polars as pl

STORES = Path(__file__).parent


def keep(name: str, commit: str) -> Path:
    """Check `commit` out aside, let it publish its planted world, and pack the warehouse. Writes."""
    repository = STORES.parents[2]
    target = STORES / f"{name}.tar.xz"
    with tempfile.TemporaryDirectory() as folder:
        then, root = Path(folder) / "then", Path(folder) / "store"
        subprocess.run(["git", "-C", str(repository), "worktree", "add", "--detach", str(then), commit], check=True)
        try:
            env = {**os.environ, "PYTHONPATH": str(then), "OPENBLAS_NUM_THREADS": "1"}
            subprocess.run([sys.executable, __file__, "--publish", str(root)], cwd=then, env=env, check=True)
        finally:
            subprocess.run(["git", "-C", str(repository), "worktree", "remove", "--force", str(then)], check=True)
        with tarfile.open(target, "w:xz", preset=9 | lzma.PRESET_EXTREME) as packed:
            for path in sorted(root.iterdir()):
                if path.name != ".lock":
                    packed.add(path, path.name, recursive=False)
    return target


def publish(root: Path) -> None:
    """Publish the planted world of the code in the working directory, a run and a figure with it. Writes."""
    spec = importlib.util.spec_from_file_location("planted", "tests/warehouse/conftest.py")
    planted = importlib.util.module_from_spec(spec)
    sys.modules["planted"] = planted
    spec.loader.exec_module(planted)

    from warehouse import snapshot

    really = snapshot.publish

    def publish_with_a_run(root, dim, fill):
        def fill_all(connection):
            fill(connection)
            run = ["r", "p" * 64, "2026-11-20 12:00:00", "2026-11-20 12:01:00"]
            notes = [{"name": "planted"}, {"numpy": "2"}, {"documents": {"read": 105, "dropped": {}}}]
            connection.execute("INSERT INTO runs VALUES (?, ?, ?, ?, ?, ?, ?)", [*run, *map(json.dumps, notes)])
            connection.execute(
                "INSERT INTO evaluations SELECT space_id, 'translation', 'en', 'fr', 'p_at_1', 0.5 FROM spaces"
            )

        return really(root, dim, fill_all)

    snapshot.publish = publish_with_a_run
    space, pairs = planted.make_space()
    known = planted.publish_planted.__code__.co_varnames
    passages = {"passages": (3, 1)} if "passages" in known else {}
    frame = planted.make_documents()
    unaccented = frame.head(1).with_columns(
        doc_id=pl.lit("unaccented"), lang=pl.lit("fr"), text=pl.lit("maison ete coeur")
    )
    planted.publish_planted(root, space, pairs, pl.concat([frame, unaccented]), **passages)


if __name__ == "__main__":
    if sys.argv[1] == "--publish":
        publish(Path(sys.argv[2]))
    else:
        keep(*sys.argv[1:])
