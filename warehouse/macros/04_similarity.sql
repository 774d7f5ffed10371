-- Cosine of two vectors of this store.
CREATE MACRO similarity(a, b) AS array_cosine_similarity(a::FLOAT[{dim}], b::FLOAT[{dim}]);
