-- The k words of the language target_ that best translate a word of source_, by CSLS: in the shared space, or under the
-- re-weighting of the two languages where there is one. Within one language there is no hubness to take off.
CREATE MACRO nearest_words(word_, source_, target_, k := 10) AS TABLE
    WITH asked AS (
        SELECT vector FROM words
        WHERE lang = source_ AND (word = word_ OR form = fold_text(word_, source_))
        ORDER BY word <> word_
        LIMIT 1
    ), mapped AS (
        SELECT list(array_inner_product(asked.vector, product) ORDER BY axis)::FLOAT[{dim}] AS vector,
               sqrt(sum(array_inner_product(asked.vector, source_map) ** 2)) AS length
        FROM word_maps, asked
        WHERE source = source_ AND lang = target_
    ), query AS (
        SELECT vector, length FROM mapped WHERE length > 0
        UNION ALL
        SELECT asked.vector, 1 FROM asked, mapped WHERE length IS NULL
    ), cosines AS (
        SELECT w.word, w.rank, coalesce(hubness, 0) AS hubness,
               array_inner_product(w.vector, query.vector) / length * coalesce(scale, 1) AS cosine
        FROM query, words w
        LEFT JOIN word_hubness h ON h.rank = w.rank AND h.source = source_ AND h.lang = target_
        WHERE w.lang = target_
    )
    SELECT row_number() OVER (ORDER BY score DESC, word_rank) AS rank, word, score
    FROM (
        SELECT word, c.rank AS word_rank,
               2 * cosine - (SELECT list_avg(max(cosine, 10)) FROM cosines) - hubness AS score
        FROM cosines c
    )
    ORDER BY rank
    LIMIT k;
