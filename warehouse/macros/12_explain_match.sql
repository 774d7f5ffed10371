-- Why search_text gives a stored document the score it has for a text: the top pairs of words that add most to it, each with
-- the cosine of the two words, the product of their shares of their texts, and what the pair adds: twice its part of the
-- cosine of the texts. The last row, without rank and words, is what hubness takes away; with top := NULL all shares sum to
-- the score. Texts pooled by their maximum have this row alone. If a passage scores, it is told of that alone.
--     FROM explain_match('fresh bread', 'en', 'fr', 'bread-baking', top := 5);
CREATE MACRO explain_match(text_, lang_, doc_lang_, doc_id_, top := 20) AS TABLE
    WITH given AS (
        SELECT embed_text(text_, lang_) AS asked
    ), said AS (
        SELECT lang, doc_id, -1 AS number, vector, text FROM document_vectors JOIN documents USING (lang, doc_id)
        UNION ALL
        SELECT lang, doc_id, passage, vector, substring(text, start + 1, stop - start)
        FROM passages JOIN documents USING (lang, doc_id)
    ), hit AS (
        SELECT score, asked, vector, text
        FROM given, documents_like((SELECT asked FROM given), lang_) JOIN said USING (lang, doc_id)
        WHERE lang = doc_lang_ AND doc_id = doc_id_ AND number = coalesce(passage, -1)
    ), ours AS (
        SELECT word, w.vector, share, pooled, share / sum(share * array_inner_product(pooled, asked)) OVER () AS part
        FROM text_words(text_, lang_) w, hit
    ), theirs AS (
        SELECT word, w.vector, share, pooled, share / sum(share * array_inner_product(pooled, hit.vector)) OVER () AS part
        FROM text_words((SELECT text FROM hit), doc_lang_) w, hit
    ), pairs AS (
        SELECT
            ours.word AS query_word, theirs.word AS document_word,
            array_inner_product(ours.vector, theirs.vector) AS similarity,
            ours.share * theirs.share AS weight,
            2 * ours.part * theirs.part * array_inner_product(ours.pooled, theirs.pooled) AS share
        FROM ours, theirs
    )
    SELECT row_number() OVER (ORDER BY share DESC, query_word, document_word) AS rank, *
    FROM pairs
    QUALIFY top IS NULL OR rank <= top
    UNION ALL
    SELECT NULL, NULL, NULL, NULL, NULL, score - coalesce((SELECT sum(share) FROM pairs), 0) FROM hit
    ORDER BY rank;
