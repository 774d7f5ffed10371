-- One shared space: the words of every language in the pivot's frame, and all that is needed to put a new vector there.
CREATE TABLE spaces (
    space_id     VARCHAR PRIMARY KEY,
    pivot_lang   VARCHAR NOT NULL,
    dim          INTEGER NOT NULL,
    tokenizer    VARCHAR NOT NULL,
    weighting    VARCHAR NOT NULL,   -- of words in a text: sif, idf or uniform
    sif_a        DOUBLE  NOT NULL,
    fingerprints JSON    NOT NULL    -- SHA-256 of every input that made the space
);

CREATE TABLE rotations (
    space_id      VARCHAR NOT NULL REFERENCES spaces,
    lang          VARCHAR NOT NULL,
    matrix        DOUBLE[{dim}][] NOT NULL,   -- row vectors times this lie in the shared frame
    steps         VARCHAR[] NOT NULL,         -- normalisation before the rotation, in order
    means         DOUBLE[{dim}][] NOT NULL,   -- one for every "center" among the steps
    method        VARCHAR NOT NULL,
    n_pairs       INTEGER NOT NULL,
    rank          INTEGER NOT NULL,
    residual      DOUBLE NOT NULL,
    determinant   DOUBLE NOT NULL,
    report        JSON NOT NULL,
    pooling_mean  DOUBLE[{dim}] NOT NULL,     -- centre of the language's texts, subtracted from every pooled text
    pooling_documents INTEGER NOT NULL,       -- how many texts it was fitted on
    pooling_centre    VARCHAR NOT NULL,
    PRIMARY KEY (space_id, lang)
);

CREATE TABLE words (
    space_id VARCHAR NOT NULL,
    lang     VARCHAR NOT NULL,
    word     VARCHAR NOT NULL,
    form     VARCHAR,                 -- the folded token this row answers to; NULL where a variant answers instead
    rank     INTEGER NOT NULL,        -- from 1, most frequent first
    count    BIGINT,
    weight   DOUBLE NOT NULL CHECK (weight >= 0),  -- in the mean of a text
    vector   FLOAT[{dim}] NOT NULL CHECK (array_inner_product(vector, vector) BETWEEN 0.999 AND 1.001)
);

CREATE TABLE word_hubness (
    space_id VARCHAR NOT NULL,
    source   VARCHAR NOT NULL,        -- language of the query
    lang     VARCHAR NOT NULL,        -- language of the word
    rank     INTEGER NOT NULL,
    hubness  FLOAT NOT NULL           -- r of CSLS: mean cosine to the 10 nearest frequent words of source
);

CREATE TABLE dictionary_pairs (
    source      VARCHAR NOT NULL,
    target      VARCHAR NOT NULL,
    source_word VARCHAR NOT NULL,
    target_word VARCHAR NOT NULL,
    weight      DOUBLE NOT NULL,
    origin      VARCHAR NOT NULL,
    part        VARCHAR NOT NULL CHECK (part IN ('train', 'test'))
);
