-- align.pool in SQL: weighted mean of the word vectors, minus the language's centre, unit length. NULL without a known word.
CREATE MACRO embed_text(text_, lang_) AS (
    WITH tokens AS (
        SELECT unnest(tokenize(text_, lang_)) AS form
    ), known AS (
        SELECT any_value(weight) * count(*) AS weight, any_value(vector) AS vector
        FROM tokens JOIN words USING (form)
        WHERE lang = lang_
        GROUP BY form
    ), entries AS (
        SELECT weight, unnest(vector) AS value, generate_subscripts(vector, 1) AS i FROM known
    ), mean AS (
        SELECT i, sum(weight * value) / sum(weight) AS value FROM entries GROUP BY i
    ), centred AS (
        SELECT i, value - (SELECT pooling_mean[i] FROM rotations WHERE lang = lang_) AS value FROM mean
    ), length AS (
        SELECT sqrt(sum(value * value)) AS norm FROM centred
    )
    SELECT CASE WHEN any_value(norm) > 1e-9 THEN list(value / norm ORDER BY i)::FLOAT[{dim}] END
    FROM centred, length
);
