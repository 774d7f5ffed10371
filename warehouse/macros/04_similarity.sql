-- align.similarity in SQL: how alike two vectors of this store are; distances with a minus, so that higher is nearer. The default
-- is their cosine. A measure that is not one of these gives an error, as do vectors of other dimensions (list_zip alone would take
-- them).
--     SELECT similarity(a.vector, b.vector) FROM words a, words b WHERE (a.lang, a.rank, b.lang, b.rank) = ('en', 1, 'fr', 1);
CREATE MACRO similarity(a, b, measure := 'cosine', p := 3) AS
    CASE measure
        WHEN 'cosine' THEN array_cosine_similarity(a::FLOAT[{dim}], b::FLOAT[{dim}])
        WHEN 'dot' THEN array_inner_product(a::FLOAT[{dim}], b::FLOAT[{dim}])
        WHEN 'euclidean' THEN -array_distance(a::FLOAT[{dim}], b::FLOAT[{dim}])
        WHEN 'manhattan' THEN -list_sum(list_transform(
            list_zip(a::FLOAT[{dim}]::FLOAT[], b::FLOAT[{dim}]::FLOAT[]), lambda x: abs(x[1]::DOUBLE - x[2])
        ))
        WHEN 'minkowski' THEN -(list_sum(list_transform(
            list_zip(a::FLOAT[{dim}]::FLOAT[], b::FLOAT[{dim}]::FLOAT[]), lambda x: abs(x[1]::DOUBLE - x[2]) ** p
        )) ** (1.0 / p))
        WHEN 'chebyshev' THEN -list_max(list_transform(
            list_zip(a::FLOAT[{dim}]::FLOAT[], b::FLOAT[{dim}]::FLOAT[]), lambda x: abs(x[1]::DOUBLE - x[2])
        ))
        ELSE error('measure ' || measure || '; one of cosine, dot, euclidean, manhattan, minkowski, chebyshev')
    END;
