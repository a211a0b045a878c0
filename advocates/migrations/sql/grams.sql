-- Every run of so many neighbouring characters of the texts, in lower case: what a search asks for.
CREATE FUNCTION laurel_grams(p_length integer, VARIADIC p_texts text[]) RETURNS text[]
LANGUAGE sql IMMUTABLE PARALLEL SAFE AS $$
    SELECT coalesce(array_agg(DISTINCT substr(lower(t), i, p_length)), '{}')
    FROM unnest(p_texts) AS t, generate_series(1, length(lower(t)) - p_length + 1) AS i
$$;
-- Those of one, two and three characters: what can be asked for, however short. It calls no function of ours, because
-- a restored dump computes it before there is a search path.
CREATE FUNCTION laurel_all_grams(VARIADIC p_texts text[]) RETURNS text[] LANGUAGE sql IMMUTABLE PARALLEL SAFE AS $$
    SELECT coalesce(array_agg(DISTINCT substr(lower(t), i, n)), '{}')
    FROM unnest(p_texts) AS t, generate_series(1, 3) AS n, generate_series(1, length(lower(t)) - n + 1) AS i
$$;
