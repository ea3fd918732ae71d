type Range = { readonly type: string; readonly quality: number; readonly index: number };

/** Preference of a caller for a media type: q-value, specificity of the range, and its index. */
type Preference = { readonly quality: number; readonly specificity: number; readonly index: number };

/**
 * The offered media type that a caller prefers; undefined if it accepts none. Of equal q-values, an exact type precedes a
 * wildcard, then the order of the header decides, then that of the offers.
 */
export function preferredType<T extends string>(accept: string, offered: readonly T[]): T | undefined {
  const ranges = readRanges(accept);
  return offered
    .map((type) => ({ type, preference: preferenceFor(type, ranges) }))
    .filter(({ preference }) => preference.quality > 0)
    .sort(({ preference: one }, { preference: other }) => compare(one, other))[0]?.type;
}

function readRanges(accept: string): Range[] {
  return accept.split(",").map((item, index) => {
    const [type = "", ...parameters] = item.split(";").map((part) => part.trim().toLowerCase());
    const q = parameters.find((parameter) => parameter.startsWith("q="))?.slice(2);
    return { type: type === "*" ? "*/*" : type, quality: q === undefined ? 1 : qualityOf(q), index };
  });
}

/** Also without the zero before the point, as the client of the JDK sends it. */
const qualityOf = (q: string): number =>
  /^(?:0(?:\.\d{0,3})?|\.\d{1,3}|1(?:\.0{0,3})?)$/.test(q) ? Number(q) : 0;

/** The most specific range that matches decides (RFC 9110, 12.5.1). */
function preferenceFor(type: string, ranges: readonly Range[]): Preference {
  const patterns = ["*/*", `${type.split("/", 1)[0]}/*`, type];
  return ranges
    .map(({ type: pattern, quality, index }) => ({ quality, index, specificity: patterns.indexOf(pattern) }))
    .reduce((best, one) => (one.specificity > best.specificity ? one : best), unaccepted);
}

const unaccepted: Preference = { quality: 0, specificity: -1, index: 0 };

const compare = (one: Preference, other: Preference): number =>
  other.quality - one.quality || other.specificity - one.specificity || one.index - other.index;
