"""Laws of the shared space, on disk and in use."""

import json
from dataclasses import replace

import numpy as np
import pytest

from align.dictionary import WordPairs
from align.errors import AlignError, AlignmentError, CorruptStoreError, InputError, UnknownWordError
from align.fit import fit
from align.procrustes import Rotation
from align.space import SharedSpace, check_rotations, load_space
from align.tensor_file import read_tensors, write_tensors
from align.vectors import WordVectors


@pytest.fixture
def saved(bilingual_space, tmp_path):
    path = tmp_path / "s.safetensors"
    bilingual_space.save(path)
    return path


@pytest.fixture
def tiny():
    """Two languages of three words in two dimensions."""
    en = WordVectors(
        "en",
        ["a", "b", "c"],
        np.array([[1, 0], [0, 1], [-1, 0.5]]),
        np.array([3, 2, 1]),
        {"path": "en.vec"},
        {"vec.zero": 2},
    )
    fr = WordVectors("fr", ["x y", "é", "漢"], np.array([[0, 1], [-1, 0], [-0.5, -1]]))
    return fit(
        [en, fr], [WordPairs("en", "fr", (("a", "x y"), ("b", "é"), ("c", "漢")))], pivot="en", method="procrustes"
    )


def equal(one, other):
    """Bit by bit, in everything that a space holds."""
    assert (one.pivot, one.languages, one.tokenizer, one.space_id) == (
        other.pivot,
        other.languages,
        other.tokenizer,
        other.space_id,
    )
    assert dict(one.fingerprints) == dict(other.fingerprints)
    assert json.dumps(dict(one.fits)) == json.dumps(dict(other.fits))
    for lang in one.languages:
        ours, theirs = one.mapped[lang], other.mapped[lang]
        assert (ours.words, ours.fingerprint, dict(ours.dropped)) == (
            theirs.words,
            theirs.fingerprint,
            dict(theirs.dropped),
        )
        assert dict(ours.origin) == dict(theirs.origin)
        assert (ours.counts is None) == (theirs.counts is None)
        a, b = vars(one.rotations[lang]).copy(), vars(other.rotations[lang]).copy()
        assert a.pop("matrix").tobytes() == b.pop("matrix").tobytes()
        assert a == b
        assert one.normalizations[lang].steps == other.normalizations[lang].steps
        assert (
            np.array(one.normalizations[lang].means).tobytes() == np.array(other.normalizations[lang].means).tobytes()
        )


def test_N22_a_saved_space_comes_back_bit_equal(bilingual_space, saved, tiny, tmp_path):
    equal(load_space(saved), bilingual_space)
    tiny.save(tmp_path / "tiny")
    equal(load_space(str(tmp_path / "tiny")), tiny)


def test_what_came_back_gives_the_same_answers(bilingual_space, saved, bilingual_world):
    again = load_space(saved)
    assert again.translate("en3", "en", "fr").equals(bilingual_space.translate("en3", "en", "fr"))
    raw = bilingual_world.vectors["de"].matrix[:9]
    assert np.array_equal(again.project(raw, "de"), bilingual_space.project(raw, "de"))


def test_any_flipped_byte_is_found(tiny, tmp_path):
    path = tmp_path / "tiny"
    tiny.save(path)
    whole = path.read_bytes()
    for at in range(0, len(whole), 9):  # each one was tried once; every ninth is enough to keep it so
        broken = bytearray(whole)
        broken[at] ^= 1 << at % 8
        path.write_bytes(broken)
        with pytest.raises((CorruptStoreError, InputError)):
            load_space(path)


def test_a_truncated_or_lengthened_file_is_found(tiny, tmp_path):
    path = tmp_path / "tiny"
    tiny.save(path)
    whole = path.read_bytes()
    for content in (whole[:-1], whole[: len(whole) // 2], whole + b"\0", b""):
        path.write_bytes(content)
        with pytest.raises((CorruptStoreError, InputError)):
            load_space(path)


@pytest.mark.parametrize("name", ["pivot", "tokenizer", "fingerprints", "languages", "space_id", "content"])
def test_metadata_that_was_changed_or_lost_is_found(tiny, tmp_path, name):
    path = tmp_path / "tiny"
    tiny.save(path)
    tensors, metadata = read_tensors(path)
    lost = {key: value for key, value in metadata.items() if key != name}
    for told in (lost, {**metadata, name: metadata[name].replace("e", "f", 1) + " "}):
        write_tensors(path, tensors, told)
        with pytest.raises(CorruptStoreError, match=r"space\.corrupt"):
            load_space(path)


def test_a_tensor_of_other_type_or_shape_with_the_same_bytes_is_found(tiny, tmp_path):
    path = tmp_path / "tiny"
    tiny.save(path)
    tensors, metadata = read_tensors(path)
    for changed in (tensors["en/matrix"].view("i4"), tensors["en/matrix"].reshape(2, 3)):
        write_tensors(path, {**tensors, "en/matrix": changed}, metadata)
        with pytest.raises(CorruptStoreError, match=r"space\.corrupt"):
            load_space(path)


def test_N01_a_rotation_that_is_not_orthogonal_is_refused_on_loading(tiny, tmp_path):
    bent = Rotation(tiny.rotations["fr"].matrix * 1.001, 3, 2, 0.0, 1.0)
    replace(tiny, rotations={**tiny.rotations, "fr": bent}).save(tmp_path / "bent")
    with pytest.raises(CorruptStoreError, match=r"rotation of fr"):
        load_space(tmp_path / "bent")
    with pytest.raises(CorruptStoreError):
        check_rotations({"fr": Rotation(np.full((2, 2), np.nan), 3, 2, 0.0, 1.0)})
    check_rotations(tiny.rotations)


def test_a_space_of_another_format_and_no_space_are_refused(tmp_path):
    write_tensors(tmp_path / "other", {"a": np.ones(2)}, {"format": "align-space-99"})
    with pytest.raises(InputError, match=r"align-space-99.*space\.format"):
        load_space(tmp_path / "other")
    for wrong in (None, 3, "", tmp_path, tmp_path / "nothing", b"x"):
        with pytest.raises(InputError):
            load_space(wrong)


@pytest.mark.parametrize("word", ["a\nb", "\ud800"])
def test_N22_a_word_that_would_not_read_back_is_refused_and_no_file_is_left(tmp_path, word):
    en = WordVectors("en", [word, "b"], np.eye(2))
    with pytest.raises(InputError):
        fit([en], []).save(tmp_path / "s")
    assert list(tmp_path.iterdir()) == []


def test_an_origin_that_json_does_not_know_is_kept_as_text(tmp_path):
    en = WordVectors(
        "en", ["a", "b", "c"], np.array([[1, 0], [0, 1], [1, 1]]), None, {"n": np.int64(3), "path": tmp_path}
    )
    fit([en], []).save(tmp_path / "s")
    assert load_space(tmp_path / "s").vectors("en").origin == {"n": "3", "path": str(tmp_path)}


@pytest.mark.parametrize("lang", ["en", "fr", "de"])
def test_N13_project_of_the_raw_vectors_is_the_mapped_rows(bilingual_space, bilingual_world, lang):
    raw, mapped = bilingual_world.vectors[lang].matrix, bilingual_space.vectors(lang).matrix
    assert np.array_equal(bilingual_space.project(raw, lang), mapped)
    for i in range(0, len(raw), 31):
        assert bilingual_space.project(raw[i : i + 1], lang)[0] == pytest.approx(mapped[i], abs=1e-6)  # N17


def test_N08_mapping_keeps_all_cosines_within_a_language(bilingual_space, bilingual_world):
    for lang, vectors in bilingual_world.vectors.items():
        treated = bilingual_space.normalizations[lang].apply(vectors.matrix)
        mapped = bilingual_space.vectors(lang).matrix
        assert np.abs(mapped @ mapped.T - treated @ treated.T).max() <= 2e-6
        assert np.abs(np.linalg.norm(mapped.astype("f8"), axis=1) - 1).max() <= 1e-6


@pytest.mark.parametrize("dtype", ["f2", "f4", "f8", ">f4", "i4"])
def test_A01_project_takes_any_real_numbers_in_any_layout_and_changes_none(tiny, dtype):
    raw = np.asfortranarray(np.array([[1, 2], [3, -1]], dtype=dtype))
    raw.flags.writeable = False
    assert np.abs(tiny.project(raw, "fr") - tiny.project(raw.astype("f4"), "fr")).max() <= 1e-6


@pytest.mark.parametrize(
    "wrong",
    [None, "x", 3, [1.0, 2.0], [[1, 2], [3]], np.ones((2, 3)), np.ones((1, 2, 2)), [["a", "b"]], np.array([[1, np.nan]]), [[np.inf, 1]],
     np.array([[1e300, 1]]), np.ones((2, 2)) * 1j],
)  # fmt: skip
def test_A01_project_refuses_other_shapes_types_and_numbers(tiny, wrong):
    with pytest.raises(InputError) as raised, np.errstate(all="raise"):
        tiny.project(wrong, "en")
    assert raised.value.code == "api.bad_vector"


def test_N11_project_refuses_zero_rows(tiny):
    with pytest.raises(AlignmentError, match=r"align\.no_signal"):
        tiny.project(np.zeros((1, 2)), "en")
    assert tiny.project(np.zeros((0, 2)), "en").shape == (0, 2)


def test_translate_ranks_from_one_by_falling_score_and_caps_k(bilingual_space):
    found = bilingual_space.translate("en7", "en", "fr", k=3)
    assert found.columns == ["rank", "word", "score"]
    assert found["rank"].to_list() == [1, 2, 3]
    assert found["word"][0] == "fr7"
    assert found["score"].is_sorted(descending=True)
    assert bilingual_space.translate("EN7", "EN", "FR", k=10**6).height == 240


@pytest.mark.parametrize(
    ("k", "code"), [(0, "api.bad_k"), (True, "api.bad_k"), (1.5, "api.bad_k"), (None, "api.bad_k"), (-1, "api.bad_k")]
)
def test_A02_k_of_translate(bilingual_space, k, code):
    with pytest.raises(AlignError) as raised:
        bilingual_space.translate("en7", "en", "fr", k=k)
    assert raised.value.code == code


@pytest.mark.parametrize("word", ["", "nowhere", None, 3, ["en7"], "\ud800", "\x1b[31m"])
def test_A03_a_word_without_a_vector_is_an_unknown_word(bilingual_space, word):
    with pytest.raises(UnknownWordError, match=r"space\.unknown_word"):
        bilingual_space.translate(word, "en", "fr")


@pytest.mark.parametrize("lang", ["es", None, 3, "no language", ["en"]])
def test_A04_an_unknown_language_is_refused_everywhere(bilingual_space, lang):
    space = bilingual_space
    for deed in (space.vectors, lambda c: space.project(np.ones((1, 16)), c), lambda c: space.hubness("en", c),
                 lambda c: space.translate("en7", c, "fr"), lambda c: space.translate("en7", "en", c)):  # fmt: skip
        with pytest.raises(InputError) as raised:
            deed(lang)
        assert raised.value.code in ("space.no_language", "language.bad_code")


def test_hubness_is_computed_once_and_nobody_can_change_it(bilingual_space):
    hubness = bilingual_space.hubness("en", "fr")
    assert hubness is bilingual_space.hubness("EN", "fr")
    with pytest.raises(ValueError, match="read-only"):
        hubness[0] = 9


def test_evaluate_is_one_row_and_refuses_what_are_no_pairs(bilingual_space, bilingual_world):
    found = bilingual_space.evaluate(bilingual_world.test["fr", "de"])
    assert found.height == 1
    assert {"precision_at_1", "precision_at_5", "precision_at_10", "mrr", "coverage", "n_words", "retrieval"} <= set(
        found.columns
    )
    for wrong in (None, [("fr1", "de1")], "x"):
        with pytest.raises(InputError, match=r"api\.bad_type"):
            bilingual_space.evaluate(wrong)


def test_the_identity_names_all_that_made_the_space(tiny):
    others = [
        replace(tiny, pivot="fr"), replace(tiny, tokenizer="x"), replace(tiny, fingerprints={}),
        replace(tiny, rotations={**tiny.rotations, "fr": Rotation.identity(2)}),
    ]  # fmt: skip
    assert len({tiny.space_id, *(other.space_id for other in others)}) == 5
    shaken = Rotation(tiny.rotations["fr"].matrix + 1e-9, 3, 2, 0.0, 1.0)
    assert replace(tiny, rotations={**tiny.rotations, "fr": shaken}).space_id == tiny.space_id  # N20
    assert isinstance(tiny, SharedSpace)
    assert repr(tiny).startswith("SharedSpace(en, fr; pivot='en', dim=2")


def test_hubness_is_saved_with_the_space(bilingual_space, tmp_path):
    first = bilingual_space.hubness("en", "fr")
    bilingual_space.save(tmp_path / "space.safetensors")
    again = load_space(tmp_path / "space.safetensors")
    assert again._hubness["shared", "en", "fr"].tobytes() == first.tobytes()
    assert not again.hubness("fr", "fr").any()
