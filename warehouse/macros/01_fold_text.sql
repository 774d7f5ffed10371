-- align.tokens.fold in SQL. DuckDB's lower() knows neither the Turkish letters nor the two code points of a lower-case İ, nor
-- that a sigma which ends a word is ς; its nfc_normalize() ends at a NUL.
--     SELECT fold_text('DIŞ İŞLERİ', 'tr');
CREATE MACRO fold_text(text_, lang_) AS
    regexp_replace(
        nfc_normalize(lower(
            CASE WHEN regexp_matches(lang_, '^(tr|az)(-|$)')
                 THEN translate(nfc_normalize(replace(text_, chr(0), ' ')), 'Iİ', 'ıi')
                 ELSE replace(nfc_normalize(replace(text_, chr(0), ' ')), 'İ', 'i̇')
            END
        )),
        '([\p{L}\p{M}])σ([^\p{L}\p{M}\p{N}]|$)', '\1ς\2', 'g'
    );
