-- All of how texts are pooled, and on what that was fitted (align/pool.py).
ALTER TABLE spaces ADD COLUMN reduce VARCHAR DEFAULT 'mean';             -- of token vectors: mean, max or mean_sqrt_len
ALTER TABLE spaces ADD COLUMN components INTEGER DEFAULT 0;              -- common components taken out, at most
ALTER TABLE spaces ADD COLUMN components_of VARCHAR DEFAULT 'language';  -- language or joint
ALTER TABLE spaces ADD COLUMN pooling_id VARCHAR;                        -- SHA-256 over parameters and states
ALTER TABLE spaces ADD COLUMN pooling_tried JSON DEFAULT '[]';           -- by weighting = "auto": candidates and what they reached

ALTER TABLE rotations ADD COLUMN pooling_digest VARCHAR;                 -- SHA-256 of the texts it was fitted on
ALTER TABLE rotations ADD COLUMN pooling_a DOUBLE DEFAULT 0;             -- constant behind the weights, 0: none
ALTER TABLE rotations ADD COLUMN pooling_components DOUBLE[{dim}][] DEFAULT [];  -- orthonormal
ALTER TABLE rotations ADD COLUMN pooling_removal DOUBLE[] DEFAULT [];    -- how much of the projection on each is taken out
