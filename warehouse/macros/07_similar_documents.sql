-- The k documents nearest to a stored one, itself left out; into_ and measure as in search_text.
--     FROM similar_documents('en', 'bread-baking', k := 3, into_ := ['fr']);
CREATE MACRO similar_documents(lang_, doc_id_, k := 10, into_ := NULL, measure := 'csls', p := 3) AS TABLE
    SELECT row_number() OVER (ORDER BY score DESC, lang, doc_id) AS rank, score, lang, doc_id, title, metadata
    FROM documents_like((SELECT vector FROM document_vectors WHERE lang = lang_ AND doc_id = doc_id_), lang_, measure, p)
    WHERE (into_ IS NULL OR list_contains(into_::VARCHAR[], lang)) AND NOT (lang = lang_ AND doc_id = doc_id_)
    QUALIFY k IS NULL OR rank <= k
    ORDER BY rank;
