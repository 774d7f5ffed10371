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
