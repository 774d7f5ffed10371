-- Pairs of languages whose words are found under a re-weighting of the shared space (align/word_retrieval.py).
CREATE TABLE word_maps (
    space_id   VARCHAR NOT NULL,
    source     VARCHAR NOT NULL,       -- language of the query
    lang       VARCHAR NOT NULL,       -- language of the words found
    axis       INTEGER NOT NULL,       -- from 1
    product    FLOAT[{dim}] NOT NULL,  -- query times these, axis by axis, is compared with word vectors as they are
    source_map FLOAT[{dim}] NOT NULL   -- query times these has the length by which it is divided
);

ALTER TABLE word_hubness ADD COLUMN scale FLOAT DEFAULT 1;  -- of the word's cosine under the re-weighting
