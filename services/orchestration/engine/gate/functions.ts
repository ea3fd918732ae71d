// Every function of DuckDB's catalogue is either allowed or refused here.
// tests/orchestration/gate-catalogue.test.ts lists the functions of the DuckDB in use and fails for one that is in neither.

const words = (text: string): string[] => text.trim().split(/\s+/);

/** Scalar, aggregate and window functions and scalar macros that compute from their arguments alone. */
export const allowedFunctions: ReadonlySet<string> = new Set([
  // Operators.
  ...words(`
    !__postfix !~~ !~~* % & && * ** + - ->> / // <-> << <=> <@ >> @ @> ^ ^@ | || ~ ~~ ~~* ~~~`),
  // Parser-only names that are not in the catalogue.
  ...words("unnest ->"),
  // Numbers.
  ...words(`
    abs acos acosh add asin asinh atan atan2 atanh bit_count cbrt ceil ceiling cos cosh cot degrees divide
    even exp factorial fdiv floor fmod gamma gcd greatest greatest_common_divisor isfinite isinf isnan lcm
    least least_common_multiple lgamma ln log log10 log2 mod multiply nextafter nullif pi pow power radians
    random round round_even roundbankers sign signbit sin sinh sqrt subtract tan tanh trunc xor`),
  // Texts, bytes and bits.
  ...words(`
    array_to_string array_to_string_comma_default ascii bar base64 bin bit_length bit_position bitstring
    char_length character_length chr concat concat_ws contains damerau_levenshtein decode editdist3 encode
    ends_with format format_bytes formatreadabledecimalsize formatreadablesize from_base64 from_binary
    from_hex get_bit hamming hash hex ilike_escape instr jaccard jaro_similarity jaro_winkler_similarity
    lcase left left_grapheme len length length_grapheme levenshtein like_escape lower lpad ltrim md5
    md5_number md5_number_lower md5_number_upper mismatches nfc_normalize not_ilike_escape not_like_escape
    octet_length ord parse_dirname parse_dirpath parse_filename parse_formatted_bytes parse_path position
    prefix printf regexp_escape regexp_extract regexp_extract_all regexp_full_match regexp_matches
    regexp_replace regexp_split_to_array regexp_split_to_table repeat replace reverse right right_grapheme
    rpad rtrim set_bit sha1 sha256 split split_part starts_with str_split str_split_regex string_split
    string_split_regex string_to_array strip_accents strlen strpos substr substring substring_grapheme suffix
    to_base to_base64 to_binary to_hex translate trim ucase unbin unhex unicode upper url_decode url_encode`),
  // Dates, times and intervals.
  ...words(`
    age ago century current_date current_localtime current_localtimestamp date_add date_diff date_part
    date_sub date_trunc datediff datepart datesub datetrunc day dayname dayofmonth dayofweek dayofyear
    days_in_month decade epoch epoch_ms epoch_ns epoch_us era get_current_time get_current_timestamp hour
    isodow isoyear julian last_day make_date make_time make_timestamp make_timestamp_ms make_timestamp_ns
    make_timestamptz microsecond millennium millisecond minute month monthname nanosecond normalized_interval
    now quarter second strftime strptime time_bucket timezone timezone_hour timezone_minute to_centuries
    to_days to_decades to_hours to_microseconds to_millennia to_milliseconds to_minutes to_months to_quarters
    to_seconds to_timestamp to_weeks to_years today transaction_timestamp try_strptime week weekday weekofyear
    year yearweek`),
  // Lists and arrays.
  ...words(`
    aggregate apply array_aggr array_aggregate array_append array_apply array_cat array_concat array_contains
    array_cosine_distance array_cosine_similarity array_cross_product array_distance array_distinct
    array_dot_product array_extract array_filter array_grade_up array_has array_has_all array_has_any
    array_indexof array_inner_product array_intersect array_length array_negative_dot_product
    array_negative_inner_product array_pop_back array_pop_front array_position array_prepend array_push_back
    array_push_front array_reduce array_resize array_reverse array_reverse_sort array_select array_slice
    array_sort array_transform array_unique array_value array_where array_zip element_at filter flatten
    generate_series generate_subscripts grade_up list_aggr list_aggregate list_any_value list_append
    list_apply list_approx_count_distinct list_avg list_bit_and list_bit_or list_bit_xor list_bool_and
    list_bool_or list_cat list_concat list_contains list_cosine_distance list_cosine_similarity list_count
    list_distance list_distinct list_dot_product list_element list_entropy list_extract list_filter list_first
    list_grade_up list_has list_has_all list_has_any list_histogram list_indexof list_inner_product
    list_intersect list_kurtosis list_kurtosis_pop list_last list_mad list_max list_median list_min list_mode
    list_negative_dot_product list_negative_inner_product list_pack list_position list_prepend list_product
    list_reduce list_resize list_reverse list_reverse_sort list_select list_sem list_skewness list_slice
    list_sort list_stddev_pop list_stddev_samp list_string_agg list_sum list_transform list_unique list_value
    list_var_pop list_var_samp list_where list_zip range reduce`),
  // Structs, maps, unions, enums and variants.
  ...words(`
    cardinality enum_code enum_first enum_last enum_range enum_range_boundary map map_concat map_contains
    map_contains_entry map_contains_value map_entries map_extract map_extract_value map_from_entries map_keys
    map_values row struct_concat struct_contains struct_extract struct_extract_at struct_has struct_indexof
    struct_insert struct_keys struct_pack struct_position struct_update struct_values union_extract union_tag
    union_value variant_extract variant_typeof`),
  // JSON.
  ...words(`
    array_to_json from_json from_json_strict json json_array json_array_length json_contains json_exists
    json_extract json_extract_path json_extract_path_text json_extract_string json_group_array
    json_group_object json_group_structure json_keys json_merge_patch json_object json_pretty json_quote
    json_structure json_transform json_transform_strict json_type json_valid json_value row_to_json to_json`),
  // Geometries.
  ...words("st_asbinary st_astext st_aswkb st_aswkt st_crs st_intersects_extent"),
  // Others.
  ...words(`
    alias equi_width_bins error gen_random_uuid is_histogram_other_bin typeof uuid uuid_extract_timestamp
    uuid_extract_version uuidv4 uuidv7`),
  // Aggregates and window functions.
  ...words(`
    any_value approx_count_distinct approx_quantile approx_top_k arbitrary arg_max arg_max_null
    arg_max_nulls_last arg_min arg_min_null arg_min_nulls_last argmax argmin array_agg avg bit_and bit_or
    bit_xor bitstring_agg bool_and bool_or corr count count_if count_star countif covar_pop covar_samp
    cume_dist dense_rank entropy favg fill first first_value fsum geomean geometric_mean group_concat
    histogram histogram_exact kahan_sum kurtosis kurtosis_pop lag last last_value lead list listagg mad max
    max_by mean median min min_by mode nth_value ntile percent_rank product quantile quantile_cont
    quantile_disc rank rank_dense regr_avgx regr_avgy regr_count regr_intercept regr_r2 regr_slope regr_sxx
    regr_sxy regr_syy reservoir_quantile row_number sem skewness stddev stddev_pop stddev_samp string_agg sum
    sumkahan var_pop var_samp variance wavg weighted_avg`),
]);

/** Refused functions by reason. */
export const refusedFunctions: Readonly<Record<string, readonly string[]>> = {
  "serializes or evaluates SQL or plans": words(
    "json_deserialize_sql json_serialize_plan json_serialize_sql current_query",
  ),
  "is about the server": words(`
    col_description current_catalog current_connection_id current_database current_query_id current_role
    current_schema current_schemas current_setting current_transaction_id current_user format_pg_type
    format_type get_block_size getenv getvariable has_any_column_privilege has_column_privilege
    has_database_privilege has_foreign_data_wrapper_privilege has_function_privilege has_language_privilege
    has_schema_privilege has_sequence_privilege has_server_privilege has_table_privilege
    has_tablespace_privilege in_search_path inet_client_addr inet_client_port inet_server_addr
    inet_server_port map_to_pg_oid obj_description parse_duckdb_log_message pg_collation_is_visible
    pg_conf_load_time pg_conversion_is_visible pg_function_is_visible pg_get_constraintdef pg_get_expr
    pg_get_viewdef pg_has_role pg_is_other_temp_schema pg_my_temp_schema pg_opclass_is_visible
    pg_operator_is_visible pg_opfamily_is_visible pg_postmaster_start_time pg_size_pretty pg_table_is_visible
    pg_ts_config_is_visible pg_ts_dict_is_visible pg_ts_parser_is_visible pg_ts_template_is_visible
    pg_type_is_visible pg_typeof session_user shobj_description txid_current user version`),
  "waits, or changes something beyond its result": words(
    "currval nextval pg_sleep setseed sleep_ms write_log",
  ),
  "makes a type at run time": words(
    "can_cast_implicitly cast_to_type get_type make_type replace_type remap_struct st_setcrs",
  ),
  "takes the inner state of an aggregate": words("combine finalize"),
  "reads bytes in a format that native code trusts": words("st_geomfromwkb variant_bytes_to_variant"),
  "is DuckDB's own": words(`
    __internal_compress_integral_ubigint __internal_compress_integral_uinteger
    __internal_compress_integral_usmallint __internal_compress_integral_utinyint
    __internal_compress_string_hugeint __internal_compress_string_ubigint __internal_compress_string_uhugeint
    __internal_compress_string_uinteger __internal_compress_string_usmallint
    __internal_compress_string_utinyint __internal_decompress_integral_bigint
    __internal_decompress_integral_hugeint __internal_decompress_integral_integer
    __internal_decompress_integral_smallint __internal_decompress_integral_ubigint
    __internal_decompress_integral_uhugeint __internal_decompress_integral_uinteger
    __internal_decompress_integral_usmallint __internal_decompress_string constant_or_null create_sort_key
    icu_sort_key stats sum_no_overflow switch timetz_byte_comparable unpivot_list variant_normalize
    variant_to_parquet_variant vector_type`),
};

/** Functions that DuckDB inserts when it binds a statement. */
export const boundFunctions: ReadonlySet<string> = new Set(
  words("constant_or_null remap_struct unpivot_list"),
);

/** Functions whose second argument names an aggregate function. */
export const aggregateByName: ReadonlySet<string> = new Set(
  words("aggregate array_aggr array_aggregate list_aggr list_aggregate"),
);

/** Functions whose second argument is a JSON text of type names. */
export const transformByType: ReadonlySet<string> = new Set(
  words("from_json from_json_strict json_transform json_transform_strict"),
);

/** Allowed table functions with their allowed named parameters. */
export const allowedTableFunctions: ReadonlyMap<string, readonly string[]> = new Map([
  ["generate_series", []],
  ["json_each", []],
  ["json_tree", []],
  ["range", []],
  ["repeat", []],
  ["repeat_row", ["num_rows"]],
  ["unnest", []],
]);

/** Refused table functions and table macros by reason. */
export const refusedTableFunctions: Readonly<Record<string, readonly string[]>> = {
  "evaluates SQL, plans or names of tables": words(`
    check_peg_parser histogram histogram_values json_execute_serialized_sql query query_table
    sql_auto_complete`),
  "reads files": words(`
    glob parquet_bloom_probe parquet_file_metadata parquet_full_metadata parquet_kv_metadata parquet_metadata
    parquet_scan parquet_schema read_blob read_csv read_csv_auto read_duckdb read_json read_json_auto
    read_json_objects read_json_objects_auto read_ndjson read_ndjson_auto read_ndjson_objects read_parquet
    read_text sniff_csv`),
  "takes pointers": words("arrow_scan arrow_scan_dumb seq_scan"),
  "is about the server": words(`
    duckdb_approx_database_count duckdb_columns duckdb_connection_count duckdb_constraints
    duckdb_coordinate_systems duckdb_databases duckdb_dependencies duckdb_extensions
    duckdb_external_file_cache duckdb_functions duckdb_indexes duckdb_keywords duckdb_log_contexts duckdb_logs
    duckdb_logs_parsed duckdb_memory duckdb_optimizers duckdb_prepared_statements duckdb_profiling_settings
    duckdb_schemas duckdb_secret_types duckdb_secrets duckdb_sequences duckdb_settings duckdb_table_sample
    duckdb_tables duckdb_temporary_files duckdb_types duckdb_variables duckdb_views icu_calendar_names
    pg_timezone_names pragma_collations pragma_database_size pragma_metadata_info pragma_platform pragma_show
    pragma_storage_info pragma_table_info pragma_user_agent pragma_version which_secret`),
  "changes the connection or the database": words(`
    checkpoint disable_logging disable_peg_parser disable_profiling enable_logging enable_peg_parser
    enable_profiling force_checkpoint truncate_duckdb_logs`),
  "is DuckDB's own": words("summary test_all_types test_vector_types"),
};
