-- The distinct known words of a text: each one's share of its mean, its unit vector, and what pooling sees of that, less the
-- language's centre and components. The sum of share * pooled is the text's vector before it is scaled to length 1. No rows
-- where texts are pooled by their maximum, which is no sum.
--     SELECT word, share FROM text_words('fresh bread from the oven', 'en') ORDER BY share DESC;
CREATE MACRO text_words(text_, lang_) AS TABLE
    WITH how AS (
        SELECT
            pooling_mean, pooling_components, pooling_removal,
            list_transform(range(1, {dim} + 1), lambda i: list_transform(pooling_components, lambda c: c[i])) AS axes
        FROM rotations JOIN spaces USING (space_id)
        WHERE lang = lang_ AND reduce <> 'max'
    ), shared AS (
        SELECT word, vector, weight / sum(weight) OVER () AS share FROM weighed_words(text_, lang_)
    ), centred AS (
        SELECT
            word, share, vector, axes,
            list_transform(list_zip(vector, pooling_mean), lambda x: x[1] - x[2]) AS centred,
            list_transform(
                list_zip(pooling_components, pooling_removal), lambda c: c[2] * list_inner_product(c[1], centred)
            ) AS removed
        FROM shared, how
    )
    SELECT
        word, share, vector,
        list_transform(list_zip(centred, axes), lambda x: x[1] - list_inner_product(x[2], removed))::DOUBLE[{dim}] AS pooled
    FROM centred;
