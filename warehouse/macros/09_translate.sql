-- The k best words of the language target_ for a word of source_, by what is known without spelling: Warehouse.translate.
-- The scalar function translate(text, from, to) is DuckDB's own and another thing: this one stands after FROM.
--     FROM translate('river', 'en', 'fr');
CREATE MACRO translate(word_, source_, target_, k := 5) AS TABLE
    FROM nearest_words(word_, source_, target_, k);
