/** Name and password of HTTP's Basic authentication (RFC 7617). */
type Login = { readonly email: string; readonly password: string };

const utf8 = new TextDecoder("utf-8", { fatal: true });

/** Reads an Authorization header; undefined if it isn't Basic. */
export function readBasic(authorization: string): Login | undefined {
  const encoded = /^Basic +([A-Za-z0-9+/]+={0,2}) *$/i.exec(authorization)?.[1];
  if (encoded === undefined) return undefined;
  try {
    const text = utf8.decode(Buffer.from(encoded, "base64"));
    const colon = text.indexOf(":");
    return colon < 0 ? undefined : { email: text.slice(0, colon), password: text.slice(colon + 1) };
  } catch {
    return undefined;
  }
}
