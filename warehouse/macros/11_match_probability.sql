-- How likely it is that a hit of search_text with this score matches the text; NULL where the store has no evidence.
-- Example: SELECT *, match_probability(score, 'en', lang) AS probability FROM search_text('fresh bread', 'en');
CREATE MACRO match_probability(score_, query_lang_, lang_) AS (
    SELECT any_value(1 / (1 + exp(-(slope * score_ + intercept))))
    FROM calibrations
    WHERE stage = 'plain' AND query_lang = query_lang_ AND lang = lang_
);
