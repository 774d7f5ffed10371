-- The k documents nearest to a text, best first, in the languages of the list into_ (default: all), by CSLS or by
-- a measure of similarity().
CREATE MACRO search_text(text_, lang_, k := 10, into_ := NULL, measure := 'csls', p := 3) AS TABLE
    SELECT row_number() OVER (ORDER BY score DESC, lang, doc_id) AS rank, score, lang, doc_id, title, metadata
    FROM documents_like(embed_text(text_, lang_), lang_, measure, p)
    WHERE into_ IS NULL OR list_contains(into_::VARCHAR[], lang)
    ORDER BY rank
    LIMIT k;
