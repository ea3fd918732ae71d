/**
 * Content-Disposition (RFC 6266): the name in ASCII for every client, and the exact one in addition where it differs
 * (RFC 8187).
 */
export function contentDisposition(type: "attachment" | "inline", name: string): string {
  const safe = name.replace(unsafe, "_");
  const plain = safe.replace(/[^\x20-\x7e]|["\\%]/gu, "_");
  const disposition = `${type}; filename="${plain}"`;
  return plain === safe ? disposition : `${disposition}; filename*=UTF-8''${encodeExtended(safe)}`;
}

/**
 * Controls, half characters, and the marks of direction and of lines: a browser would show another name with them than it
 * stores, as `exe.pdf` for a program.
 */
const unsafe = /[\p{Cc}\p{Cs}\p{Zl}\p{Zp}\u061c\u200e\u200f\u202a-\u202e\u2066-\u2069]/gu;

// RFC 8187 allows fewer unescaped characters than encodeURIComponent.
const encodeExtended = (text: string): string =>
  encodeURIComponent(text).replace(
    /['()*!]/g,
    (character) => `%${character.charCodeAt(0).toString(16).toUpperCase()}`,
  );
