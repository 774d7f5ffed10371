-- align.unknown_words in SQL, for scripts with blanks: every distinct token of a text, how often it is there, and the known words
-- that stand for it, by their ranks, with shares that sum to 1; route, ranks and shares are NULL where none does. Without n-grams:
-- a store that holds some has another known_words (ngram_macros/known_words.sql), and is the only one to pay for it.
--     SELECT token, route, ranks FROM known_words('das Haustier', 'de');
--     SELECT token, route, ranks FROM vocabulary_words('das Haustier', 'de');
CREATE MACRO vocabulary_words(text_, lang_) AS TABLE
    WITH tokens AS (
        SELECT form, count(*) AS n FROM (SELECT unnest(tokenize(text_, lang_)) AS form) GROUP BY form
    ), pieces AS (
        SELECT form, n, unnest(list_concat([{a: 0, z: length(form)}], CASE
            WHEN length(form) BETWEEN 8 AND 64 AND NOT regexp_matches(form, '[0-9]') THEN flatten(list_transform(
                range(length(form) - 3), lambda a: list_transform(range(a + 4, length(form) + 1), lambda z: {a: a, z: z})
            ))
        END), recursive := true)
        FROM tokens
    ), hits AS (
        SELECT form, n, a, z, NULL AS rank FROM pieces WHERE a = 0 AND z = length(form)
        UNION ALL
        SELECT p.form, n, a, z, rank FROM pieces p JOIN words w ON w.form = substring(p.form, a + 1, z - a) WHERE lang = lang_
        UNION ALL
        SELECT t.form, n, -1, 0, rank FROM tokens t JOIN words w ON w.plain = plain_form(t.form) WHERE lang = lang_
    ), each_token AS (
        SELECT
            form, any_value(n) AS n, max(rank) FILTER (a = 0 AND z = length(form)) AS exact, max(rank) FILTER (a = -1) AS variant,
            list({a: a, z: z, rank: rank::HUGEINT}) FILTER (a >= 0 AND z - a < length(form) AND rank IS NOT NULL) AS parts
        FROM hits
        GROUP BY form
    ), joined AS (  -- two parts side by side, or with linking letters between
        SELECT form, n, exact, variant, CASE WHEN exact IS NULL AND variant IS NULL THEN list_filter(
            flatten(list_transform(parts, lambda x: list_transform(parts, lambda y: {x: x, y: y}))),
            lambda j: j.y.a BETWEEN j.x.z AND j.x.z + 2
                AND substring(form, j.x.z + 1, j.y.a - j.x.z) IN ('', 'e', 'n', 's', 'en', 'er', 'es')
        ) END AS joints
        FROM each_token
    ), split AS (
        SELECT form, n, exact, variant, coalesce(
            list_min(list_transform(
                list_filter(joints, lambda j: j.x.a = 0 AND j.y.z = length(form)),
                lambda j: {product: j.x.rank * j.y.rank, links: j.y.a - j.x.z, cuts: [j.x.z, j.y.a], ranks: [j.x.rank, j.y.rank]}
            )).ranks,
            list_min(list_transform(
                list_filter(
                    flatten(list_transform(joints, lambda i: list_transform(joints, lambda j: {i: i, j: j}))),
                    lambda t: t.i.x.a = 0 AND t.i.y = t.j.x AND t.j.y.z = length(form)
                ),
                lambda t: {
                    product: t.i.x.rank * t.i.y.rank * t.j.y.rank, links: t.i.y.a - t.i.x.z + t.j.y.a - t.j.x.z,
                    cuts: [t.i.x.z, t.i.y.a, t.i.y.z, t.j.y.a], ranks: [t.i.x.rank, t.i.y.rank, t.j.y.rank]
                }
            )).ranks
        )::INTEGER[] AS ranks
        FROM joined
    )
    SELECT
        form AS token, n AS count,
        CASE WHEN exact IS NOT NULL THEN 'exact' WHEN variant IS NOT NULL THEN 'variant' WHEN ranks IS NOT NULL THEN 'parts' END AS route,
        CASE WHEN exact IS NOT NULL THEN [exact] WHEN variant IS NOT NULL THEN [variant] ELSE ranks END AS ranks
    FROM split;
CREATE MACRO known_words(text_, lang_) AS TABLE
    SELECT *, list_transform(ranks, lambda r: 1 / len(ranks)) AS shares FROM vocabulary_words(text_, lang_);
