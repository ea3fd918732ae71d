/** Bytes at the start of an image that tell its type. */
export const imageSampleBytes = 32;

const startsWith = (bytes: Buffer, at: number, text: string): boolean =>
  bytes.subarray(at, at + text.length).toString("latin1") === text;

const types: readonly (readonly [string, (bytes: Buffer) => boolean])[] = [
  ["image/png", (bytes) => startsWith(bytes, 0, "\x89PNG\r\n\x1a\n")],
  ["image/jpeg", (bytes) => startsWith(bytes, 0, "\xff\xd8\xff")],
  ["image/gif", (bytes) => startsWith(bytes, 0, "GIF87a") || startsWith(bytes, 0, "GIF89a")],
  ["image/webp", (bytes) => startsWith(bytes, 0, "RIFF") && startsWith(bytes, 8, "WEBP")],
  ["image/avif", (bytes) => startsWith(bytes, 4, "ftypavif") || startsWith(bytes, 4, "ftypavis")],
];

/** Media type of an image that browsers show and never execute, by its first bytes; undefined for anything else. */
export const imageTypeOf = (bytes: Buffer): string | undefined =>
  types.find(([, matches]) => matches(bytes))?.[0];
