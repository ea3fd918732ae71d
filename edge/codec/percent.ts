const utf8 = new TextDecoder("utf-8", { fatal: true, ignoreBOM: true });

/** A malformed part of a URL. */
class PercentError extends Error {
  override name = "PercentError";
}

/** Decodes a path segment or a part of a query, once. */
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

/** Decodes the segments of a variable. `%2F` is kept, since it is not a separator of the path. */
export function decodeSegments(raw: string): string {
  const parts = raw.split(/(\/|%2f)/i).map((part) => (isSlash(part) ? part : decodePercent(part)));
  if (parts.some((part) => part === "." || part === "..")) throw new PercentError("has a . or .. segment");
  if (parts.some((part) => part.includes("\\"))) throw new PercentError("has a backslash");
  return parts.join("");
}

const isSlash = (part: string): boolean => part === "/" || part.toLowerCase() === "%2f";

/** Decodes a name or a value of a query, where + is a space. */
export function decodeQueryPart(raw: string): string {
  return decodePercent(raw.replaceAll("+", " "));
}

function unescapeBytes(raw: string): string {
  return raw.replace(/%([0-9A-Fa-f]{2})/g, (_, hex: string) => String.fromCharCode(Number.parseInt(hex, 16)));
}
