-- Documents as they were given, and their vectors in the space. No known word: a NULL vector and a reason, never zeros.
CREATE TABLE documents (
    doc_id       VARCHAR NOT NULL,
    lang         VARCHAR NOT NULL,
    title        VARCHAR,
    text         VARCHAR NOT NULL,
    metadata     JSON NOT NULL,
    content_hash VARCHAR NOT NULL,
    PRIMARY KEY (lang, doc_id)
);

CREATE TABLE document_vectors (
    space_id     VARCHAR NOT NULL,
    doc_id       VARCHAR NOT NULL,
    lang         VARCHAR NOT NULL,
    vector       FLOAT[{dim}] CHECK (vector IS NULL OR array_inner_product(vector, vector) BETWEEN 0.999 AND 1.001),
    tokens       INTEGER NOT NULL,
    known_tokens INTEGER NOT NULL,
    reason       VARCHAR,
    CHECK ((vector IS NULL) = (reason IS NOT NULL))
);

CREATE TABLE document_hubness (
    space_id   VARCHAR NOT NULL,
    query_lang VARCHAR NOT NULL,
    lang       VARCHAR NOT NULL,
    doc_id     VARCHAR NOT NULL,
    hubness    FLOAT NOT NULL         -- r of CSLS: mean cosine to the 10 nearest documents in the language of the query
);
