/** Headers or trailers as received: names and values alternate. */
export type RawHeaders = readonly string[];

/** The first value of a name. */
export function valueIn(raw: RawHeaders, name: string): string | undefined {
  for (let at = 0; at < raw.length; at += 2) if (raw[at] === name) return raw[at + 1];
  return undefined;
}

/** Several values of one name are joined by commas. */
export function toHeaders(raw: RawHeaders): Record<string, string> {
  const headers: Record<string, string> = Object.create(null);
  for (let at = 0; at + 1 < raw.length; at += 2) {
    const name = raw[at] ?? "";
    const value = raw[at + 1] ?? "";
    headers[name] = name in headers ? `${headers[name]}, ${value}` : value;
  }
  return headers;
}
