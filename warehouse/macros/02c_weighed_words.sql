-- The distinct known words that a text is pooled from: the unit vector of each, and its weight in the text.
--     SELECT word, weight FROM weighed_words('fresh bread from the oven', 'en') ORDER BY weight DESC;
CREATE MACRO weighed_words(text_, lang_) AS TABLE
    WITH counted AS (
        SELECT rank, sum(times) AS n
        FROM (SELECT unnest(ranks) AS rank, count * unnest(shares) AS times FROM known_words(text_, lang_))
        GROUP BY rank
    ), how AS (
        SELECT weighting, reduce FROM rotations JOIN spaces USING (space_id) WHERE lang = lang_
    )
    SELECT
        word, vector,
        weight * CASE
            WHEN weighting = 'tfidf' THEN CASE WHEN n < 1 THEN n ELSE 1 + ln(n) END WHEN reduce = 'max' THEN 1 ELSE n
        END AS weight
    FROM counted JOIN words USING (rank), how
    WHERE lang = lang_;
