"""What the steps of a run leave in the folder `work`: results named by their fingerprints, each with its notes beside it."""

import json
from contextlib import suppress
from pathlib import Path
from typing import Any

from align.compressed import replacing
from align.errors import ResourceError
from flows.plan import Plan

Notes = dict[str, Any]


def remove_old_work(plan: Plan) -> None:
    """Remove what steps of other plans left, and what killed runs had begun. Writes."""
    keep = {
        path.stem
        for path in (
            *map(plan.vectors_path, plan.settings.languages),
            plan.space_path,
            plan.documents_path,
            plan.pooling_path,
        )
    }
    for path in plan.work("x").parent.glob("*"):
        if path.stem not in keep:
            with suppress(OSError):  # the next build tries again
                path.unlink()


def _notes_path(path: Path) -> Path:
    return path.with_suffix(".json")


def make_folder(folder: Path) -> None:
    """Make a folder for its owner alone. Raises ResourceError `store.unwritable`."""
    try:
        folder.mkdir(parents=True, exist_ok=True, mode=0o700)
    except OSError as error:
        raise ResourceError("store.unwritable", f"cannot write here ({error.strerror})", path=folder) from None


def write_notes(path: Path, notes: Notes) -> None:
    """Write what a step found out beside its result. Raises ResourceError `file.unwritable`."""
    with replacing(_notes_path(path)) as file:
        file.write(json.dumps(notes).encode())


def read_notes(path: Path) -> Notes:
    """What `write_notes` wrote, or nothing where the step was killed before it."""
    try:
        notes: Notes = json.loads(_notes_path(path).read_text(encoding="utf-8"))
    except (OSError, ValueError):  # killed between the result and its notes: the result stands
        return {}
    return notes
