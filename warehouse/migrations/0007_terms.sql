-- What documents say word by word (align/terms.py): evidence beside their vectors. Only documents with a vector are here.
CREATE TABLE terms (
    term_id INTEGER NOT NULL,          -- from 0, over all languages: what two languages write alike is one term
    term    VARCHAR NOT NULL
);

CREATE TABLE document_terms (
    space_id VARCHAR NOT NULL,
    lang     VARCHAR NOT NULL,
    doc_id   VARCHAR NOT NULL,
    term_ids INTEGER[] NOT NULL,
    counts   INTEGER[] NOT NULL        -- of each of these
);

ALTER TABLE document_hubness ADD COLUMN lexical_hubness FLOAT DEFAULT 0;  -- the same by the cosine of TF-IDF
ALTER TABLE document_hubness ADD COLUMN aligned_hubness FLOAT DEFAULT 0;  -- the same by words aligned, both directions summed
