-- The k words of the language target_ nearest to a word of source_ by CSLS; within one language there is no hubness to take off.
CREATE MACRO nearest_words(word_, source_, target_, k := 10) AS TABLE
    WITH query AS (
        SELECT vector FROM words
        WHERE lang = source_ AND (word = word_ OR form = fold_text(word_, source_))
        ORDER BY word <> word_
        LIMIT 1
    ), cosines AS (
        SELECT w.word, w.rank, array_inner_product(w.vector, query.vector) AS cosine
        FROM words w, query
        WHERE w.lang = target_
    )
    SELECT row_number() OVER (ORDER BY score DESC, word_rank) AS rank, word, score
    FROM (
        SELECT word, c.rank AS word_rank,
               2 * cosine - (SELECT list_avg(max(cosine, 10)) FROM cosines) - coalesce(hubness, 0) AS score
        FROM cosines c
        LEFT JOIN word_hubness h ON h.rank = c.rank AND h.source = source_ AND h.lang = target_
    )
    ORDER BY rank
    LIMIT k;
