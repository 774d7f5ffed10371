-- The k documents nearest to a text, best first, in the languages of the list into_ (default: all), by CSLS or by
-- a measure of similarity().
--     FROM search_text('fresh bread', 'en', k := 3, into_ := ['fr', 'de']);
-- rank <= k and not LIMIT k, here and below: LIMIT takes no column, and these take a row's own k when joined laterally.
CREATE MACRO search_text(text_, lang_, k := 10, into_ := NULL, measure := 'csls', p := 3) AS TABLE
    SELECT row_number() OVER (ORDER BY score DESC, lang, doc_id) AS rank, score, lang, doc_id, title, metadata
    FROM documents_like(embed_text(text_, lang_), lang_, measure, p)
    WHERE into_ IS NULL OR list_contains(into_::VARCHAR[], lang)
    QUALIFY k IS NULL OR rank <= k
    ORDER BY rank;
