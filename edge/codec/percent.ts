const utf8 = new TextDecoder("utf-8", { fatal: true, ignoreBOM: true });

/** Text in a URL that can't be decoded; the message says why. */
class PercentError extends Error {
  override name = "PercentError";
}

/** Decodes every percent sequence of one path segment or query part, once. */
export function decodePercent(raw: string): string {
  if (/[^\x20-\x7e]/.test(raw)) throw new PercentError("holds a character that must be percent-encoded");
  if (!raw.includes("%")) return raw;
  if (/%(?![0-9A-Fa-f]{2})/.test(raw))
    throw new PercentError("has a % that no two hexadecimal digits follow");
  try {
    const text = utf8.decode(Buffer.from(unescapeBytes(raw), "latin1"));
    if (text.includes("\0")) throw new PercentError("holds a NUL");
    return text;
  } catch (error) {
    throw error instanceof PercentError ? error : new PercentError("is not UTF-8");
  }
}

/** Decodes what a variable of several segments took: `%2F` stays as written, since it is not a slash of the path. */
export function decodeSegments(raw: string): string {
  const pieces = raw.split(/(\/|%2f)/i).map((piece) => (isSlash(piece) ? piece : decodePercent(piece)));
  if (pieces.some((piece) => piece === "." || piece === ".."))
    throw new PercentError("has a . or .. segment");
  if (pieces.some((piece) => piece.includes("\\"))) throw new PercentError("has a backslash");
  return pieces.join("");
}

const isSlash = (piece: string): boolean => piece === "/" || piece.toLowerCase() === "%2f";

/** Decodes one name or value of a query, where + is a space. */
export function decodeQueryPart(raw: string): string {
  return decodePercent(raw.replaceAll("+", " "));
}

function unescapeBytes(raw: string): string {
  return raw.replace(/%([0-9A-Fa-f]{2})/g, (_, hex: string) => String.fromCharCode(Number.parseInt(hex, 16)));
}
