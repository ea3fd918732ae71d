const words = (text: string): string[] => text.trim().split(/\s+/);

/** Types that statements may cast to and bound statements may use, in lower case. */
export const allowedTypes: ReadonlySet<string> = new Set([
  ...words(`
    array bigint bignum binary bit bitstring blob bool boolean bpchar bytea char date datetime dec decimal
    double enum float float4 float8 geometry guid hugeint int int1 int128 int16 int2 int32 int4 int64 int8
    integer integral interval json list logical long map null numeric nvarchar oid real row short signed
    smallint string struct text time time_ns timestamp timestamp_ms timestamp_ns timestamp_s timestamp_us
    timestamptz timetz tinyint ubigint uhugeint uint128 uint16 uint32 uint64 uint8 uinteger union usmallint
    utinyint uuid varbinary varchar variant varint`),
  "time with time zone",
  "timestamp with time zone",
]);

/** Names that COLLATE may combine, joined by dots, in lower case. */
export const allowedCollations: ReadonlySet<string> = new Set(
  words(`
    binary c posix nfc noaccent nocase icu_noaccent
    af am ar ar_sa as az be bg bn bo br bs ca ceb chr cs cy da de de_at dsb dz ee el en en_us eo es et fa fa_af
    ff fi fil fo fr fr_ca ga gl gu ha haw he he_il hi hr hsb hu hy id id_id ig is it ja ka kk kl km kn ko kok ku
    ky lb lkt ln lo lt lv mk ml mn mr ms mt my nb nb_no ne nl nn om or pa pa_in pl ps pt ro ru sa se si sk sl
    smn sq sr sr_ba sr_me sr_rs sv sw ta te th tk to tr ug uk ur uz vi wae wo xh yi yo yue yue_cn zh zh_cn
    zh_hk zh_mo zh_sg zh_tw zu`),
);

/** Functions that implement the collations of languages in bound statements. */
export const collationFunctions: ReadonlySet<string> = new Set([
  "icu_collate_noaccent",
  ...[...allowedCollations].map((name) => `icu_collate_${name}`),
]);
