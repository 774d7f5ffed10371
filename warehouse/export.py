"""Words or documents of a snapshot as a file that other programs read."""

from pathlib import Path

from align.compressed import replacing
from align.errors import InputError
from align.vector_files import write_vectors
from warehouse.bounded import UNBOUNDED
from warehouse.search import Warehouse


def export(wh: Warehouse, path: str | Path, lang: str | None = None) -> int:
    """Write the words of `lang` in the shared space (.vec, .txt, .npz, .safetensors) or all documents with their vectors
    (.parquet) to `path`; returns the number of rows. Writes.

    Raises InputError `export.format`, `export.no_lang`, `space.no_language`; ResourceError `file.unwritable`.
    """
    path = Path(path)
    if path.suffix == ".parquet":
        sql = "SELECT * EXCLUDE (space_id) FROM documents JOIN document_vectors USING (lang, doc_id)"
        sql += (" WHERE lang = ?" if lang else "") + " ORDER BY lang, doc_id"
        frame = wh.sql(sql, [lang] if lang else None, **UNBOUNDED)
        with replacing(path) as file:
            frame.write_parquet(file)
        return frame.height
    if path.suffix not in (".vec", ".txt", ".npz", ".safetensors"):
        raise InputError(
            "export.format",
            f"{path.suffix or 'no suffix'}; write .vec, .txt, .npz, .safetensors or .parquet",
            path=path,
        )
    if lang is None:
        raise InputError("export.no_lang", "words are written one language a file; name it with --lang", path=path)
    vectors = wh.words(lang)
    write_vectors(vectors, path)
    return len(vectors)
