-- align.pool in SQL: word vectors reduced to one, minus the language's centre and components, unit length. NULL without a
-- known word. The reduction mean_sqrt_len is the mean: they differ by a factor, which unit length takes away.
CREATE MACRO embed_text(text_, lang_) AS (
    WITH how AS (
        SELECT weighting, reduce, pooling_mean, pooling_components, pooling_removal
        FROM rotations JOIN spaces USING (space_id)
        WHERE lang = lang_
    ), counted AS (
        SELECT rank, sum(times) AS n
        FROM (SELECT unnest(ranks) AS rank, count / len(ranks) AS times FROM known_words(text_, lang_))
        GROUP BY rank
    ), weighted AS (
        SELECT
            weight * CASE
                WHEN weighting = 'tfidf' THEN CASE WHEN n < 1 THEN n ELSE 1 + ln(n) END WHEN reduce = 'max' THEN 1 ELSE n
            END AS weight,
            vector
        FROM counted JOIN words USING (rank), how
        WHERE lang = lang_
    ), entries AS (
        SELECT weight, unnest(vector) AS value, generate_subscripts(vector, 1) AS i FROM weighted
    ), reduced AS (
        SELECT i, sum(weight * value) / sum(weight) AS mean, max(weight * value) AS largest FROM entries GROUP BY i
    ), centred AS (
        SELECT i, CASE WHEN reduce = 'max' THEN largest ELSE mean END - pooling_mean[i] AS value FROM reduced, how
    ), components AS (
        SELECT unnest(pooling_components) AS component, unnest(pooling_removal) AS removal FROM how
    ), removed AS (
        SELECT component, removal * sum(component[i] * value) AS part
        FROM components, centred
        GROUP BY component, removal
    ), common AS (
        SELECT generate_subscripts(component, 1) AS i, part * unnest(component) AS value FROM removed
    ), pooled AS (
        SELECT i, any_value(centred.value) - coalesce(sum(common.value), 0) AS value
        FROM centred LEFT JOIN common USING (i)
        GROUP BY i
    ), length AS (
        SELECT sqrt(sum(value * value)) AS norm FROM pooled
    )
    SELECT CASE WHEN any_value(norm) > 1e-9 THEN list(value / norm ORDER BY i)::FLOAT[{dim}] END
    FROM pooled, length
);
