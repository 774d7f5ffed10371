-- known_words of a store with n-grams, align.ngrams.Ngrams.similar: for a token that vocabulary_words does not find stand the three
-- words whose vectors are nearest to its own, by their cosines, if half of its n-grams are stored.
CREATE OR REPLACE MACRO known_words(text_, lang_) AS TABLE
    WITH found AS MATERIALIZED (
        FROM vocabulary_words(text_, lang_)
    ), unseen AS (
        SELECT token, ngram_vector(token, lang_, 0.5) AS vector
        FROM found
        WHERE route IS NULL AND length(token) <= 64 AND NOT regexp_matches(token, '[0-9]')
    ), cosines AS (
        SELECT token, rank, array_inner_product(w.vector, u.vector)::DOUBLE AS cosine
        FROM unseen u JOIN words w ON w.lang = lang_ AND w.form IS NOT NULL
        WHERE u.vector IS NOT NULL
    ), alike AS (
        SELECT token, max({cosine: cosine, rank: -rank}, 3) AS best FROM cosines WHERE cosine >= 0.4 GROUP BY token
    )
    SELECT
        token, count, CASE WHEN best IS NOT NULL THEN 'subwords' ELSE route END AS route,
        CASE WHEN best IS NOT NULL THEN list_transform(best, lambda b: -b.rank) ELSE ranks END AS ranks,
        CASE
            WHEN best IS NOT NULL THEN list_transform(best, lambda b: b.cosine / list_sum(list_transform(best, lambda c: c.cosine)))
            ELSE list_transform(ranks, lambda r: 1 / len(ranks))
        END AS shares
    FROM found LEFT JOIN alike USING (token);
