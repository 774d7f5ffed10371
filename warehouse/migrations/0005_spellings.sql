-- What the spelling of words is worth between two languages, beside their vectors (align/spelling.py).
CREATE TABLE spellings (
    space_id VARCHAR NOT NULL,
    source   VARCHAR NOT NULL,
    lang     VARCHAR NOT NULL,
    weight   DOUBLE NOT NULL,          -- 0: no help
    content  JSON NOT NULL             -- the transliteration, and what each weight gave on held-out words
);
