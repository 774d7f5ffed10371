-- align.ngrams.ngram_buckets in SQL: the buckets of a folded word's n-grams, with repetitions; FNV-1a over signed bytes.
--     SELECT ngram_buckets('haus', 2000000, 3, 6);
CREATE MACRO ngram_buckets(word_, n_buckets_, min_n_, max_n_) AS
    list_transform(
        list_filter(
            flatten(list_transform(range(length(word_) + 2), lambda a: list_transform(
                range(greatest(min_n_, 1), least(max_n_, length(word_) + 2 - a) + 1),
                lambda n: hex(encode(substring('<' || word_ || '>', a + 1, n)))
            ))),
            lambda g: g NOT IN ('3C', '3E')
        ),
        lambda g: list_reduce(
            list_prepend(2166136261::UBIGINT, list_transform(range(1, length(g), 2), lambda i:
                (16 * (instr('0123456789ABCDEF', g[i]) - 1) + instr('0123456789ABCDEF', g[i + 1]) - 1)::UBIGINT
            )),
            lambda h, b: xor(h, CASE WHEN b < 128 THEN b ELSE b + 4294967040 END) * 16777619 % 4294967296
        ) % n_buckets_
    );
