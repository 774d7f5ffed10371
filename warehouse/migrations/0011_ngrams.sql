-- fastText's n-grams, of languages whose vectors had them: by these, words that no text held have a vector (align/ngrams.py).
CREATE TABLE ngrams (
    space_id VARCHAR NOT NULL,
    lang     VARCHAR NOT NULL,
    bucket   INTEGER NOT NULL,          -- FNV-1a of the n-gram, modulo ngram_buckets
    vector   FLOAT[{dim}] NOT NULL      -- as trained, turned like the words; a mean of these is then normalised
);

ALTER TABLE rotations ADD COLUMN ngram_buckets INTEGER;  -- NULL where the language has no n-grams
ALTER TABLE rotations ADD COLUMN ngram_min INTEGER;      -- characters of an n-gram, the signs < and > around a word among them
ALTER TABLE rotations ADD COLUMN ngram_max INTEGER;
ALTER TABLE rotations ADD COLUMN ngram_steps DOUBLE[][]; -- normalisation of a mean, in order: what to subtract, or [] for unit length

ALTER TABLE document_vectors ADD COLUMN subword_tokens INTEGER DEFAULT 0;  -- of known_tokens, those known by words that are written like them
