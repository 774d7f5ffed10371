-- align.pool in SQL: word vectors reduced to one, minus the language's centre and components, unit length. NULL without a
-- known word. The reduction mean_sqrt_len is the mean: they differ by a factor, which unit length takes away.
--     SELECT embed_text('fresh bread from the oven', 'en');
CREATE MACRO embed_text(text_, lang_) AS (
    WITH how AS (
        SELECT reduce, pooling_mean, pooling_components, pooling_removal
        FROM rotations JOIN spaces USING (space_id)
        WHERE lang = lang_
    ), entries AS (
        SELECT weight, unnest(vector) AS value, generate_subscripts(vector, 1) AS i FROM weighed_words(text_, lang_)
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
