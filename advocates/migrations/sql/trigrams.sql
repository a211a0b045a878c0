-- Every three neighbouring characters of the texts, in lower case: what a search for any part of them can ask for.
CREATE FUNCTION laurel_trigrams(VARIADIC p_texts text[]) RETURNS text[] LANGUAGE sql IMMUTABLE PARALLEL SAFE AS $$
    SELECT coalesce(array_agg(DISTINCT substr(lower(t), i, 3)), '{}')
    FROM unnest(p_texts) AS t, generate_series(1, length(lower(t)) - 2) AS i
$$;
