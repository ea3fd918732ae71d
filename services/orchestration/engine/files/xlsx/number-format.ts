/** What a format shows a number as: a day, perhaps with a time, or a time alone. */
export type DateKind = "date" | "time";

/** Formats without a code. 27 to 36 and 50 to 58 are dates in East Asian versions. */
export function isBuiltInDate(id: number): DateKind | undefined {
  if ((id >= 14 && id <= 17) || id === 22 || (id >= 27 && id <= 31) || id === 36 || (id >= 50 && id <= 58)) {
    return "date";
  }
  return (id >= 18 && id <= 21) || (id >= 32 && id <= 35) || id === 45 || id === 47 ? "time" : undefined;
}

/** Texts in quotes, escaped and padding characters, and what is in brackets: colours, conditions, locales. */
const notPlaceholders = /"[^"]*"|\\.|[_*]./g;
const elapsed = /\[(h+|m+|s+)\]/i;
const brackets = /\[[^\]]*\]/g;

/** The kind of a format's first section. Elapsed times, such as `[h]:mm`, are spans and stay numbers of days. */
export function dateKindOf(format: string): DateKind | undefined {
  const [section = ""] = format.replace(notPlaceholders, "").split(";");
  if (elapsed.test(section)) return undefined;
  const code = section
    .replace(brackets, "")
    .replace(/general/gi, "")
    .replace(/am\/pm|a\/p/gi, "h");
  if (/[yd]/i.test(code) || (/m/i.test(code) && !/[hs]/i.test(code))) return "date";
  return /[hs]/i.test(code) ? "time" : undefined;
}
