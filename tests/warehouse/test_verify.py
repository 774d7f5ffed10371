"""Laws of verification: a good store passes, and every promise can be seen to fail."""

from hashlib import sha256

import pytest

import warehouse
from align.errors import CorruptStoreError
from warehouse import snapshot
from warehouse.verify import _NOTHING, verify


def without_rules(table):
    """The same rows in a table that has no constraints."""
    return f"CREATE TABLE bare AS FROM {table}; DROP TABLE {table}; ALTER TABLE bare RENAME TO {table}; "


N_GRAMS = "UPDATE rotations SET ngram_buckets = 9, ngram_min = 3, ngram_max = 4, ngram_steps = [[]] WHERE lang = 'fr';"
BROKEN = {
    "one space": "INSERT INTO spaces SELECT 'other', * EXCLUDE (space_id) FROM spaces",
    "word ranks run from 1 without gaps": "UPDATE words SET rank = 1000 WHERE word = 'house'",
    "words unique per language": "UPDATE words SET word = 'river' WHERE word = 'house'",
    "forms unique per language": "UPDATE words SET form = 'river' WHERE word = 'house'",
    "plain forms unique per language": "UPDATE words SET plain = 'river' WHERE word = 'house'",
    "known tokens by whose help": "UPDATE document_vectors SET parts_tokens = tokens + 1 WHERE doc_id = 'd03'",
    "n-grams are whole, each of its language once": "INSERT INTO ngrams SELECT space_id, 'fr', 3, vector FROM words WHERE word = 'house'",
    "tokens known by n-grams are of languages that have them": "UPDATE document_vectors SET known_tokens = tokens, variant_tokens = 0, parts_tokens = 0, subword_tokens = 1 WHERE doc_id = 'd03' AND lang = 'de'",
    "word vectors of length 1": without_rules("words") + "UPDATE words SET vector = list_transform(vector, lambda x: x * 2) WHERE word = 'house'",
    "every word has a hubness for every other language": "DELETE FROM word_hubness WHERE lang = 'fr' AND source = 'tr' AND rank = 7",
    "word maps are whole": "DELETE FROM word_maps WHERE axis = 3",
    "ids unique per language": without_rules("documents") + "INSERT INTO documents SELECT * FROM documents WHERE doc_id = 'blank'",
    "one hubness each": "INSERT INTO document_hubness SELECT * FROM document_hubness WHERE doc_id = 'd03' AND lang = 'de'",
    "every document has a row of vectors": "DELETE FROM document_vectors WHERE doc_id = 'd03' AND lang = 'de'",
    "document vectors of length 1, or NULL with a reason": without_rules("document_vectors")
    + "UPDATE document_vectors SET vector = list_transform(vector, lambda x: 0) WHERE doc_id = 'd03' AND lang = 'de'",
    "every vector has a hubness for every language": "UPDATE document_hubness SET hubness = 'nan' WHERE doc_id = 'd03' AND lang = 'de' AND query_lang = 'el'",
    "terms are numbered from 0 without gaps": "UPDATE terms SET term_id = 100000 WHERE term = 'maison'",
    "every vector has its terms": "DELETE FROM document_terms WHERE doc_id = 'd03' AND lang = 'de'",
    "passages follow one another to the end of their text": "INSERT INTO passages SELECT space_id, lang, doc_id, 0, 0, 5, 1, 1, vector FROM document_vectors WHERE doc_id = 'd03'",
    "passages of documents with a vector, in vectors of length 1": "INSERT INTO passages SELECT space_id, lang, doc_id, unnest([0, 1]), unnest([0, 3]), unnest([5, 8]), 1, 0, NULL FROM document_vectors WHERE doc_id = 'foreign'",
    "every passage with a vector has one hubness for every language": "INSERT INTO passages SELECT space_id, lang, doc_id, unnest([0, 1]), unnest([0, 3]), unnest([5, length(text)]), 1, 1, vector FROM document_vectors JOIN documents USING (lang, doc_id) WHERE doc_id = 'd03'",
    "one space_id everywhere": "UPDATE document_vectors SET space_id = 'other' WHERE doc_id = 'd03' AND lang = 'de'",
}  # fmt: skip
MORE = [
    ("one space", without_rules("rotations") + "DELETE FROM spaces"),
    ("known tokens by whose help", "UPDATE document_vectors SET subword_tokens = tokens + 1 WHERE doc_id = 'd03'"),
    ("n-grams are whole", without_rules("rotations") + "UPDATE rotations SET ngram_buckets = 9 WHERE lang = 'fr'"),
    ("n-grams are whole", f"{N_GRAMS} INSERT INTO ngrams SELECT space_id, 'fr', 3, vector FROM words WHERE word IN ('house', 'river')"),
    ("n-grams are whole", f"{N_GRAMS} INSERT INTO ngrams SELECT space_id, 'fr', 9, vector FROM words WHERE word = 'house'"),
    ("one hubness each", "INSERT INTO word_hubness SELECT * FROM word_hubness WHERE lang = 'fr' AND rank = 7"),
    ("every word has a hubness for every other language", "UPDATE word_hubness SET hubness = 'inf' WHERE lang = 'fr' AND rank = 7"),
    ("ids unique per language", "INSERT INTO document_vectors SELECT * FROM document_vectors WHERE doc_id = 'd03' AND lang = 'de'"),
    ("every document has a row of vectors", "INSERT INTO document_vectors SELECT * REPLACE ('new' AS doc_id) FROM document_vectors WHERE doc_id = 'd03' AND lang = 'de'"),
    ("document vectors of length 1", without_rules("document_vectors") + "UPDATE document_vectors SET vector = NULL WHERE doc_id = 'd03'"),
    ("document vectors of length 1", without_rules("document_vectors") + "UPDATE document_vectors SET reason = NULL WHERE vector IS NULL"),
    ("every vector has a hubness", "UPDATE document_hubness SET aligned_hubness = 'inf' WHERE doc_id = 'd03' AND lang = 'de'"),
    ("every vector has its terms", "UPDATE document_terms SET counts = counts[2:] WHERE doc_id = 'd03' AND lang = 'de'"),
    ("every vector has its terms", "UPDATE document_terms SET term_ids = list_transform(term_ids, lambda t: t + 100000) WHERE doc_id = 'd03'"),
    ("every vector has a hubness", "DELETE FROM document_hubness WHERE doc_id = 'd03' AND lang = 'de' AND query_lang = 'el'"),
]  # fmt: skip


@pytest.fixture
def break_store(copied, tamper):
    """Change the copied store as nobody should, under a manifest that agrees with it."""
    return lambda sql: tamper(copied, sql)


def test_a_good_store_passes_and_is_counted(world):
    report = warehouse.verify(world.root)
    assert set(report.languages) == set(world.space.languages)
    assert report.words == sum(len(world.space.vectors(lang)) for lang in world.space.languages)
    assert (report.documents, report.documents_without_vector) == (world.frame.height, 2)
    assert {*_NOTHING, "size", "SHA-256"} <= set(report.checks)
    assert report.sha256 == sha256((world.root / report.snapshot).read_bytes()).hexdigest()


def test_F31_a_copy_elsewhere_passes(copied, world):
    assert verify(copied) == verify(world.root)


def test_to_verify_changes_nothing(copied):
    before = {path.name: path.lstat() for path in copied.iterdir()}
    verify(copied)
    after = {path.name: path.lstat() for path in copied.iterdir()}
    assert {name: (s.st_mtime_ns, s.st_size) for name, s in before.items()} == {
        name: (s.st_mtime_ns, s.st_size) for name, s in after.items()
    }


def test_a_rewritten_store_that_keeps_its_promises_passes(break_store):
    assert verify(break_store("UPDATE documents SET title = 'x' WHERE doc_id = 'd03'")).documents


@pytest.mark.parametrize(("promise", "sql"), [*BROKEN.items(), *MORE])
def test_every_promise_can_be_seen_to_fail(break_store, promise, sql):
    with pytest.raises(CorruptStoreError) as refused:
        verify(break_store(sql))
    assert refused.value.code == "store.broken_promise"
    assert promise in str(refused.value)


def test_no_promise_is_forgotten_here():
    assert set(BROKEN) == set(_NOTHING)


def test_a_rotation_that_is_none_fails(break_store):
    turned = "UPDATE rotations SET matrix = list_transform(matrix, lambda row: list_transform(row, lambda x: x * 1.001)) WHERE lang = 'fr'"
    with pytest.raises(CorruptStoreError, match=r"rotation of fr .*space.corrupt"):
        verify(break_store(turned))


def test_a_macro_that_does_not_answer_fails(break_store):
    for sql, code in (
        ("CREATE OR REPLACE MACRO embed_text(t, l) AS ['nan'::FLOAT]", "store.broken_promise"),
        ("CREATE OR REPLACE MACRO embed_text(t, l) AS error('no')", "store.unreadable"),
        ("DROP MACRO embed_text", "store.unreadable"),
    ):
        with pytest.raises(CorruptStoreError, match=code):
            verify(break_store(sql))


def test_a_missing_table_fails(break_store):
    with pytest.raises(CorruptStoreError, match="store.unreadable"):
        verify(break_store("DROP TABLE word_hubness"))


@pytest.mark.parametrize("place", [0, 5_000, 0.5, -1])
def test_F18_one_flipped_bit_is_found(copied, place):
    path = snapshot.current(copied)
    content = bytearray(path.read_bytes())
    content[int(place * len(content)) if isinstance(place, float) else place] ^= 0x10
    path.chmod(0o600)
    path.write_bytes(content)
    with pytest.raises(CorruptStoreError, match=rf"{path.name}.*SHA-256.*store.damaged"):
        verify(copied)


@pytest.mark.parametrize("size", [0, 1, 12_288, -4_096, -1, None])
def test_F18_a_file_of_another_length_is_found(copied, size):
    path = snapshot.current(copied)
    content = path.read_bytes()
    path.chmod(0o600)
    path.write_bytes(content + b"\0" if size is None else content[:size])
    with pytest.raises(CorruptStoreError, match=rf"published with {len(content)}.*store.damaged"):
        verify(copied)


def test_F22_a_newer_store_is_refused_by_its_number(break_store):
    root = break_store("INSERT INTO schema_migrations VALUES (99, 'later')")
    for refuses in (verify, warehouse.open):
        with pytest.raises(CorruptStoreError, match=r"schema 99.*store.newer"):
            refuses(root)


def test_nothing_published_is_refused(tmp_path):
    for refuses in (verify, warehouse.open):
        with pytest.raises(CorruptStoreError, match="store.none"):
            refuses(tmp_path)
