-- The unit vector of a word: as it is written, or else of the one that answers to its folded form. NULL where there is none.
--     SELECT word_vector('river', 'en');
CREATE MACRO word_vector(word_, lang_) AS (
    SELECT arg_min(vector, place)
    FROM (
        SELECT 1 AS place, vector FROM words WHERE lang = lang_ AND word = word_
        UNION ALL
        SELECT 2, vector FROM words WHERE lang = lang_ AND form = fold_text(word_, lang_)
    )
);
