-- Documents of more than one passage, cut (align/passages.py): the best of the whole and its passages scores for a document.
CREATE TABLE passages (
    space_id     VARCHAR NOT NULL,
    lang         VARCHAR NOT NULL,
    doc_id       VARCHAR NOT NULL,
    passage      INTEGER NOT NULL,     -- from 0
    start        INTEGER NOT NULL,     -- substring(text, start + 1, stop - start) is the passage
    stop         INTEGER NOT NULL,
    tokens       INTEGER NOT NULL,
    known_tokens INTEGER NOT NULL,
    vector       FLOAT[{dim}] CHECK (vector IS NULL OR array_inner_product(vector, vector) BETWEEN 0.999 AND 1.001)
);

CREATE TABLE passage_hubness (
    space_id   VARCHAR NOT NULL,
    query_lang VARCHAR NOT NULL,
    lang       VARCHAR NOT NULL,
    doc_id     VARCHAR NOT NULL,
    passage    INTEGER NOT NULL,
    hubness    FLOAT NOT NULL          -- r of CSLS: mean cosine to the 10 nearest documents in the language of the query
);
