-- align.plain_form in SQL, of a folded token in Latin, Greek or Cyrillic letters. strip_accents() folds no ligatures and old
-- letters, and takes an iota subscript for an accent. Of other tokens it is nothing that words.plain would hold.
--     SELECT plain_form('étoile');
CREATE MACRO plain_form(token_) AS
    CASE WHEN strip_accents(left(token_, 1)) <> '' THEN
        strip_accents(regexp_replace(
            replace(replace(replace(replace(replace(replace(replace(replace(replace(replace(
                translate(token_, 'ſẛςϐϑϕϖϰϱϵᲀᲁᲂᲃᲄᲅᲆᲇᲈ' || chr(837), 'ssσβθφπκρεвдосттъѣꙋι'),
            'ß', 'ss'), 'ŉ', 'ʼn'), 'ẚ', 'aʾ'), 'ﬀ', 'ff'), 'ﬁ', 'fi'), 'ﬂ', 'fl'), 'ﬃ', 'ffi'), 'ﬄ', 'ffl'), 'ﬅ', 'st'), 'ﬆ', 'st'),
            '([ᾀ-ᾇᾐ-ᾗᾠ-ᾧᾲ-ᾴᾷῂ-ῄῇῲ-ῴῷ])', '\1ι', 'g'
        ))
    END;
