-- word_vector of a store with n-grams, align.unseen_words.word_vector: also of a word written with other accents, or by its n-grams.
CREATE OR REPLACE MACRO word_vector(word_, lang_) AS (
    SELECT arg_min(vector, place)
    FROM (
        SELECT 1 AS place, vector FROM words WHERE lang = lang_ AND word = word_
        UNION ALL
        SELECT 2, vector FROM words WHERE lang = lang_ AND form = fold_text(word_, lang_)
        UNION ALL
        SELECT 3, vector FROM words JOIN rotations USING (lang)
        WHERE lang = lang_ AND ngram_buckets IS NOT NULL AND plain = plain_form(fold_text(word_, lang_))
        UNION ALL
        SELECT 4, ngram_vector(fold_text(word_, lang_), lang_, 0)
    )
    WHERE vector IS NOT NULL
);
