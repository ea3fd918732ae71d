import widthOf from "fast-string-truncated-width";

/** Columns that a text takes in a terminal: two for each wide character. */
export const textWidth = (text: string): number => widthOf(text).width;

const ellipsis = "…";
/** Made when it is first used, because that takes milliseconds of a start. */
let graphemes: Intl.Segmenter | undefined;

/** Shortens a text to a number of columns; the last one shows that something is missing. */
export function shorten(text: string, columns: number): string {
  if (textWidth(text) <= columns) return text;
  graphemes ??= new Intl.Segmenter("en", { granularity: "grapheme" });
  let kept = "";
  let left = columns - 1;
  for (const { segment } of graphemes.segment(text)) {
    left -= textWidth(segment);
    if (left < 0) break;
    kept += segment;
  }
  return kept + ellipsis;
}

/** Fills a text with spaces up to a number of columns. */
export function pad(text: string, columns: number, align: "left" | "right" = "left"): string {
  const space = " ".repeat(Math.max(0, columns - textWidth(text)));
  return align === "left" ? text + space : space + text;
}
