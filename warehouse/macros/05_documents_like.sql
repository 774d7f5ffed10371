-- Every document scored against one unit vector in the language lang_, which need not be a document's: by CSLS, or by a measure
-- of similarity().
CREATE MACRO documents_like(vector_, lang_, measure_ := 'csls', p_ := 3) AS TABLE
    WITH cosines AS (
        SELECT lang, doc_id, vector, array_inner_product(vector, vector_::FLOAT[{dim}]) AS cosine
        FROM document_vectors
        WHERE vector IS NOT NULL AND vector_ IS NOT NULL
    ), neighbourhood AS (
        SELECT lang, list_avg(max(cosine, 10)) AS r FROM cosines GROUP BY lang
    )
    SELECT
        CASE WHEN measure_ = 'csls' THEN 2 * cosine - r - hubness ELSE similarity(vector_, vector, measure_, p_) END AS score,
        cosine, lang, doc_id, title, metadata
    FROM cosines
    JOIN neighbourhood USING (lang)
    JOIN document_hubness USING (lang, doc_id)
    JOIN documents USING (lang, doc_id)
    WHERE query_lang = lang_;
