-- align.ngrams.Ngrams.vector in SQL: the unit vector of a folded word by its n-grams. NULL in a language without n-grams, or
-- where fewer than the share covered_ of those of the word are stored.
--     SELECT ngram_vector('unseeable', 'en', 0);
CREATE MACRO ngram_vector(word_, lang_, covered_) AS (
    WITH kept AS (
        SELECT word_ AS word, ngram_buckets AS n, ngram_min AS shortest, ngram_max AS longest, ngram_steps AS steps
        FROM rotations
        WHERE lang = lang_ AND ngram_buckets IS NOT NULL
    ), how AS (
        SELECT ngram_buckets(word, n, shortest, longest) AS buckets, steps FROM kept
    ), stored AS (
        SELECT vector FROM (SELECT unnest(buckets) AS bucket FROM how) JOIN ngrams USING (bucket) WHERE lang = lang_
    ), mean AS (
        SELECT i, avg(value) AS value
        FROM (SELECT unnest(vector)::DOUBLE AS value, generate_subscripts(vector, 1) AS i FROM stored)
        GROUP BY i
    ), whole AS (
        SELECT list(value ORDER BY i) AS mean, sqrt(sum(value * value)) AS norm FROM mean
    )
    SELECT CASE WHEN any_value(norm) > 1e-6 AND (SELECT count(*) FROM stored) >= covered_ * any_value(len(buckets)) THEN
        list_reduce(list_prepend(any_value(mean), any_value(steps)), lambda v, step: CASE
            WHEN len(step) > 0 THEN list_transform(list_zip(v, step), lambda x: x[1] - x[2])
            ELSE list_transform(v, lambda x: x / sqrt(list_inner_product(v, v)))
        END)
    END::FLOAT[{dim}]
    FROM how, whole
);
