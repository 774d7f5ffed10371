-- Every document scored by CSLS against one unit vector in the language lang_, which need not be a document's.
CREATE MACRO documents_like(vector_, lang_) AS TABLE
    WITH cosines AS (
        SELECT lang, doc_id, array_inner_product(vector, vector_::FLOAT[{dim}]) AS cosine
        FROM document_vectors
        WHERE vector IS NOT NULL AND vector_ IS NOT NULL
    ), neighbourhood AS (
        SELECT lang, list_avg(max(cosine, 10)) AS r FROM cosines GROUP BY lang
    )
    SELECT 2 * cosine - r - hubness AS score, cosine, lang, doc_id, title, metadata
    FROM cosines
    JOIN neighbourhood USING (lang)
    JOIN document_hubness USING (lang, doc_id)
    JOIN documents USING (lang, doc_id)
    WHERE query_lang = lang_;
