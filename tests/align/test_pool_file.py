"""A saved pooler pools as the one that was fitted, and only in its own space."""

import numpy as np
import pytest

import align
from align.tensor_file import read_tensors, write_tensors


def test_a_loaded_pooler_gives_the_same_bits(bilingual_space, bilingual_pooler, tmp_path):
    align.save_pooler(bilingual_pooler, tmp_path / "p.safetensors")
    again = align.load_pooler(tmp_path / "p.safetensors", bilingual_space)
    texts = [" ".join(bilingual_space.vectors("en").words[i : i + 3]) for i in range(5)]
    first, second = (p.pool_counted(texts, "en") for p in (bilingual_pooler, again))
    assert np.array_equal(first.vectors, second.vectors)
    assert first.vectors.any()


@pytest.mark.parametrize("weighting", ["sif", "usif", "tfidf", "auto"])
@pytest.mark.parametrize("more", [{}, {"reduce": "max", "components": 2}, {"components": 1, "components_of": "joint"}])
def test_everything_that_was_fitted_comes_back(bilingual_space, tmp_path, weighting, more):
    texts = {lang: [f"{lang}{i} {lang}{i * 7 % 90} {lang}3" for i in range(30)] for lang in ("en", "fr")}
    pooler = align.fit_pooler(bilingual_space, texts, weighting=weighting, **more)
    align.save_pooler(pooler, tmp_path / "p.safetensors")
    again = align.load_pooler(tmp_path / "p.safetensors", bilingual_space)
    for name in ("weighting", "a", "reduce", "components", "components_of", "pooling_id", "tried", "fitted_on"):
        assert getattr(again, name) == getattr(pooler, name)
    assert again.identity() == pooler.pooling_id
    for lang, state in pooler.states.items():
        for name, value in vars(state).items():
            assert np.array_equal(getattr(again.states[lang], name), value)


def test_a_pooling_of_an_earlier_release_is_refused_by_name(bilingual_space, tmp_path):
    about = {"format": "align-pooler-1", "space_id": bilingual_space.space_id}
    write_tensors(tmp_path / "old.safetensors", {"en/weights": np.ones(3)}, about)
    with pytest.raises(align.InputError, match=r"align-pooler-1.*fit_pooler \[pool\.old_format"):
        align.load_pooler(tmp_path / "old.safetensors", bilingual_space)


def test_numbers_that_were_changed_are_noticed(bilingual_space, bilingual_pooler, tmp_path):
    align.save_pooler(bilingual_pooler, tmp_path / "p.safetensors")
    tensors, about = read_tensors(tmp_path / "p.safetensors")
    tensors["en/mean"] = tensors["en/mean"] + 0.1
    write_tensors(tmp_path / "p.safetensors", tensors, about)
    with pytest.raises(align.InputError, match=r"pool\.damaged"):
        align.load_pooler(tmp_path / "p.safetensors", bilingual_space)


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
