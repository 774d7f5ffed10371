-- What stands for tokens without a vector of their own (align/unknown_words.py).
ALTER TABLE words ADD COLUMN plain VARCHAR;  -- the token without accents that this row answers to; NULL where another does

ALTER TABLE document_vectors ADD COLUMN variant_tokens INTEGER DEFAULT 0;  -- of known_tokens, those known by a word with other accents
ALTER TABLE document_vectors ADD COLUMN parts_tokens INTEGER DEFAULT 0;    -- and those known by the words they are composed of
