-- The k words of the language target_ that best translate a word of source_, by CSLS: in the shared space, or under the
-- re-weighting of the two languages where there is one. Within one language there is no hubness to take off. The word is
-- that of word_vector.
--     FROM nearest_words('river', 'en', 'fr', k := 3);
CREATE MACRO nearest_words(word_, source_, target_, k := 10) AS TABLE
    WITH asked AS (
        SELECT vector FROM (SELECT word_vector(word_, source_) AS vector) WHERE vector IS NOT NULL
    ), mapped AS (
        SELECT list(array_inner_product(asked.vector, product) ORDER BY axis)::FLOAT[{dim}] AS vector,
               sqrt(sum(array_inner_product(asked.vector, source_map) ** 2)) AS length
        FROM word_maps, asked
        WHERE source = source_ AND lang = target_
    ), query AS (
        SELECT vector, length FROM mapped WHERE length > 0
        UNION ALL
        SELECT asked.vector, 1 FROM asked, mapped WHERE length IS NULL
    ), taken AS (
        SELECT source, lang, rank, hubness, scale FROM word_hubness
        UNION ALL
        SELECT lang, lang, rank, 0, 1 FROM words
    ), cosines AS (
        SELECT word, rank, hubness, array_inner_product(words.vector, query.vector) / length * scale AS cosine
        FROM query, words JOIN taken USING (lang, rank)
        WHERE lang = target_ AND source = source_
    ), neighbourhood AS (
        SELECT list_avg(max(cosine, 10)) AS r FROM cosines
    )
    SELECT row_number() OVER (ORDER BY score DESC, word_rank) AS rank, word, score
    FROM (SELECT word, c.rank AS word_rank, 2 * cosine - r - hubness AS score FROM cosines c, neighbourhood)
    QUALIFY k IS NULL OR rank <= k
    ORDER BY rank;
