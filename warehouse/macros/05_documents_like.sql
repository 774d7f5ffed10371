-- Every document scored against one unit vector in the language lang_, which need not be a document's: by CSLS, or by a measure
-- of similarity(). A passage of a document scores for it if it does better than all of it. The vector is named once: a subquery
-- given for it would be made anew for every document.
--     FROM documents_like((SELECT vector FROM words WHERE (word, lang) = ('bread', 'en')), 'en') ORDER BY score DESC LIMIT 3;
CREATE MACRO documents_like(vector_, lang_, measure_ := 'csls', p_ := 3) AS TABLE
    WITH given AS (
        SELECT vector_::FLOAT[{dim}] AS asked
    ), units AS (
        SELECT lang, doc_id, -1 AS passage, hubness, vector
        FROM document_vectors JOIN document_hubness USING (lang, doc_id)
        WHERE query_lang = lang_ AND vector IS NOT NULL
        UNION ALL
        SELECT lang, doc_id, passage, hubness, vector
        FROM passages JOIN passage_hubness USING (lang, doc_id, passage)
        WHERE query_lang = lang_ AND vector IS NOT NULL
    ), cosines AS (
        SELECT
            lang, doc_id, passage, hubness, array_inner_product(vector, asked) AS cosine,
            CASE WHEN measure_ <> 'csls' THEN similarity(asked, vector, measure_, p_) END AS measured
        FROM given, units
        WHERE asked IS NOT NULL
    ), neighbourhood AS (
        SELECT lang, list_avg(max(cosine, 10)) AS r FROM cosines GROUP BY lang
    ), scored AS (
        SELECT
            lang, doc_id, passage, cosine,
            CASE WHEN measure_ = 'csls' THEN 2 * cosine - r - hubness ELSE measured END AS score
        FROM cosines JOIN neighbourhood USING (lang)
    ), best AS (
        SELECT lang, doc_id, max(score) AS score, arg_max(cosine, score) AS cosine, nullif(arg_max(passage, score), -1) AS passage
        FROM scored
        GROUP BY lang, doc_id
    )
    SELECT score, cosine, lang, doc_id, title, metadata, passage
    FROM best JOIN documents USING (lang, doc_id);
