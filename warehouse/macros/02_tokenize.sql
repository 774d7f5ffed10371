-- align.tokens.tokenize in SQL, for scripts that write blanks between words.
CREATE MACRO tokenize(text_, lang_) AS
    list_transform(
        regexp_extract_all(fold_text(text_, lang_), '[\p{L}\p{M}\p{N}]+'),
        lambda token: regexp_replace(token, '(.)σ$', '\1ς')
    );
