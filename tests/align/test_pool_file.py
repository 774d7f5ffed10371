"""A saved pooler pools as the one that was fitted, and only in its own space."""

import numpy as np
import pytest

import align


def test_a_loaded_pooler_gives_the_same_bits(bilingual_space, bilingual_pooler, tmp_path):
    align.save_pooler(bilingual_pooler, tmp_path / "p.safetensors")
    again = align.load_pooler(tmp_path / "p.safetensors", bilingual_space)
    texts = [" ".join(bilingual_space.vectors("en").words[i : i + 3]) for i in range(5)]
    first, second = (p.pool_counted(texts, "en") for p in (bilingual_pooler, again))
    assert np.array_equal(first.vectors, second.vectors)
    assert first.vectors.any()


def test_another_space_is_refused(bilingual_space, bilingual_pooler, tmp_path):
    align.save_pooler(bilingual_pooler, tmp_path / "p.safetensors")
    en = bilingual_space.vectors("en")
    other = align.fit([en], [], pivot="en")
    with pytest.raises(align.InputError, match=r"pool\.other_space"):
        align.load_pooler(tmp_path / "p.safetensors", other)


def test_another_kind_of_file_is_refused(bilingual_space, tmp_path):
    bilingual_space.save(tmp_path / "space.safetensors")
    with pytest.raises(align.InputError, match=r"pool\.other_space"):
        align.load_pooler(tmp_path / "space.safetensors", bilingual_space)
    with pytest.raises(align.InputError, match=r"file\.missing"):
        align.load_pooler(tmp_path / "nothing", bilingual_space)
