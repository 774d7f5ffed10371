-- align.tokens.tokenize in SQL, for scripts that write blanks between words.
--     SELECT tokenize('L''été, déjà?', 'fr');
CREATE MACRO tokenize(text_, lang_) AS regexp_extract_all(fold_text(text_, lang_), '[\p{L}\p{M}\p{N}]+');
