type Range = { readonly type: string; readonly quality: number; readonly index: number };

/** How well a caller likes a media type: its q, how exactly it named the type, and where. */
type Liking = { readonly quality: number; readonly exactness: number; readonly index: number };

/**
 * The media type that a caller accepts best, of those offered; undefined if it accepts none. A type named exactly counts
 * before a wildcard, then what is named first, then what is offered first.
 */
export function preferredType<T extends string>(accept: string, offered: readonly T[]): T | undefined {
  const ranges = readRanges(accept);
  return offered
    .map((type) => ({ type, liking: likingOf(type, ranges) }))
    .filter(({ liking }) => liking.quality > 0)
    .sort(({ liking: one }, { liking: other }) => compare(one, other))[0]?.type;
}

function readRanges(accept: string): Range[] {
  return accept.split(",").map((item, index) => {
    const [type = "", ...parameters] = item.split(";").map((part) => part.trim().toLowerCase());
    const q = parameters.find((parameter) => parameter.startsWith("q="))?.slice(2);
    return { type: type === "*" ? "*/*" : type, quality: q === undefined ? 1 : qualityOf(q), index };
  });
}

/** As HTTP has it, or without the zero before the point, as Java's own client sends it. */
const qualityOf = (q: string): number =>
  /^(?:0(?:\.\d{0,3})?|\.\d{1,3}|1(?:\.0{0,3})?)$/.test(q) ? Number(q) : 0;

/** The most exact range that a type falls into decides, as HTTP has it. */
function likingOf(type: string, ranges: readonly Range[]): Liking {
  const patterns = ["*/*", `${type.split("/", 1)[0]}/*`, type];
  return ranges
    .map(({ type: pattern, quality, index }) => ({ quality, index, exactness: patterns.indexOf(pattern) }))
    .reduce((best, one) => (one.exactness > best.exactness ? one : best), unliked);
}

const unliked: Liking = { quality: 0, exactness: -1, index: 0 };

const compare = (one: Liking, other: Liking): number =>
  other.quality - one.quality || other.exactness - one.exactness || one.index - other.index;
