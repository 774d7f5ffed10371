-- Every document scored against one unit vector in the language lang_, which need not be a document's: by CSLS, or by a measure
-- of similarity(). The vector is named once: a subquery given for it would be made anew for every document.
--     FROM documents_like((SELECT vector FROM words WHERE (word, lang) = ('bread', 'en')), 'en') ORDER BY score DESC LIMIT 3;
CREATE MACRO documents_like(vector_, lang_, measure_ := 'csls', p_ := 3) AS TABLE
    WITH given AS (
        SELECT vector_::FLOAT[{dim}] AS asked
    ), cosines AS (
        SELECT
            lang, doc_id, hubness, array_inner_product(vector, asked) AS cosine,
            CASE WHEN measure_ <> 'csls' THEN similarity(asked, vector, measure_, p_) END AS measured
        FROM given, document_vectors JOIN document_hubness USING (lang, doc_id)
        WHERE query_lang = lang_ AND vector IS NOT NULL AND asked IS NOT NULL
    ), neighbourhood AS (
        SELECT lang, list_avg(max(cosine, 10)) AS r FROM cosines GROUP BY lang
    )
    SELECT
        CASE WHEN measure_ = 'csls' THEN 2 * cosine - r - hubness ELSE measured END AS score,
        cosine, lang, doc_id, title, metadata
    FROM cosines
    JOIN neighbourhood USING (lang)
    JOIN documents USING (lang, doc_id);
