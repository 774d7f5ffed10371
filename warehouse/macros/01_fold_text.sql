-- align.tokens.fold in SQL, except that a final sigma is settled per token. DuckDB's lower() knows neither the Turkish
-- letters nor the two code points of a lower-case İ.
CREATE MACRO fold_text(text_, lang_) AS
    nfc_normalize(lower(
        CASE WHEN regexp_matches(lang_, '^(tr|az)(-|$)')
             THEN translate(nfc_normalize(text_), 'Iİ', 'ıi')
             ELSE replace(nfc_normalize(text_), 'İ', 'i̇')
        END
    ));
