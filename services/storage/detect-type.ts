import { fileTypeFromBuffer, supportedMimeTypes } from "file-type";
import { otherNames } from "./media-type.ts";

/** Bytes that decide the type. */
const detectBytes = 4100;

const unknown = "application/octet-stream";
const text = "text/plain";

/** Bytes that no text has, after the standard on MIME sniffing of the WHATWG. */
const isBinary = (byte: number): boolean =>
  byte <= 8 || byte === 11 || (byte >= 14 && byte < 32 && byte !== 27);

const markup: readonly (readonly [RegExp, string])[] = [
  [/^(<!doctype html|<html|<head|<body|<script|<iframe)[\s>]/i, "text/html"],
  [/^(<\?xml[^>]*>\s*)?(<!--[\s\S]*?-->\s*)?(<!doctype svg[^>]*>\s*)?<svg[\s>]/i, "image/svg+xml"],
];

/** Media type that the first bytes of a content look like. */
async function detectType(head: Uint8Array): Promise<string> {
  const start = decodeStart(head);
  const marked = markup.find(([pattern]) => start !== undefined && pattern.test(start))?.[1];
  if (marked) return marked;
  const known = (await fileTypeFromBuffer(head))?.mime;
  if (known) return otherNames[known] ?? known;
  return start === undefined ? unknown : text;
}

/** The bytes as text, without space in front; undefined if they are none. */
function decodeStart(head: Uint8Array): string | undefined {
  if (head.length === 0) return undefined;
  const isUtf16 = (head[0] === 0xff && head[1] === 0xfe) || (head[0] === 0xfe && head[1] === 0xff);
  if (isUtf16) return new TextDecoder(head[0] === 0xff ? "utf-16le" : "utf-16be").decode(head).trimStart();
  return head.some(isBinary) ? undefined : new TextDecoder().decode(head).trimStart();
}

/** Whether a content that looks like `detected` can be of the type that its uploader named. */
export function canBe(said: string, detected: string): boolean {
  if (said === detected || detected === unknown) return said === detected || !hasSignature(said);
  if (detected === text) return !hasSignature(said) || said.startsWith("text/") || /[+/]xml$/.test(said);
  if (detected === "application/zip") return /(\+zip|openxmlformats|opendocument|java-archive)/.test(said);
  return detected === "application/xml" && /[+/](xml|html)$/.test(said);
}

/** Whether every file of a type begins with bytes that are recognised. */
const hasSignature = (type: string): boolean =>
  type === "image/svg+xml" || [...supportedMimeTypes].some((known) => (otherNames[known] ?? known) === type);

/** Collects the first bytes of a content while they pass. */
export type ContentStart = {
  add(chunk: Uint8Array): void;
  /** Whether more bytes would not change the type. */
  isWhole(): boolean;
  detect(): Promise<string>;
};

export function createContentStart(): ContentStart {
  const held: Uint8Array[] = [];
  let heldBytes = 0;
  return {
    add(chunk) {
      if (heldBytes >= detectBytes || chunk.length === 0) return;
      // A copy, so that it does not keep the whole chunk in memory.
      const kept = Uint8Array.from(chunk.subarray(0, detectBytes - heldBytes));
      held.push(kept);
      heldBytes += kept.length;
    },
    isWhole: () => heldBytes >= detectBytes,
    detect: () => detectType(Buffer.concat(held)),
  };
}
