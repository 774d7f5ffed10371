-- How a score of search reads as the probability that two texts match: 1 / (1 + exp(−(slope · score + intercept))).
CREATE TABLE calibrations (
    space_id   VARCHAR NOT NULL,
    stage      VARCHAR NOT NULL,       -- plain: search by pooled vectors alone; full: with terms and words aligned
    query_lang VARCHAR NOT NULL,
    lang       VARCHAR NOT NULL,
    slope      DOUBLE NOT NULL CHECK (slope >= 0),
    intercept  DOUBLE NOT NULL,
    queries    INTEGER NOT NULL,       -- documents that were searched with
    matches    INTEGER NOT NULL,       -- of them, those that were found and found back
    evidence   VARCHAR NOT NULL        -- mutual neighbours; other pairs, whose mean this is, where there were too few
);

-- What the lexical part of a score is multiplied by; ½ for pairs of languages that are not here.
CREATE TABLE lexical_weights (
    space_id      VARCHAR NOT NULL,
    query_lang    VARCHAR NOT NULL,
    lang          VARCHAR NOT NULL,
    weight        FLOAT NOT NULL CHECK (weight >= 0),
    queries       INTEGER NOT NULL,    -- documents that were searched with
    found         FLOAT,               -- share of them that found a document that found them, under this weight
    found_without FLOAT                -- the same without terms
);
