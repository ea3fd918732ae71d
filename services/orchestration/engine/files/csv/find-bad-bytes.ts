import { isUtf8 } from "node:buffer";
import { formatBytes } from "../decode/text-position.ts";
import type { BadRow } from "./block-scan.ts";

const shownBytes = 4;
const lf = 10;

/** Finds the first line that is not UTF-8. */
export function findBadBytes(bytes: Uint8Array, firstLine: number): BadRow | undefined {
  if (isUtf8(bytes)) return undefined;
  let line = firstLine;
  for (let begin = 0; begin < bytes.length; line += 1) {
    const next = bytes.indexOf(lf, begin) + 1 || bytes.length;
    const text = bytes.subarray(begin, next);
    if (!isUtf8(text)) return { line, message: describeBytes(text) };
    begin = next;
  }
  return undefined;
}

function describeBytes(line: Uint8Array): string {
  let validBytes = 0;
  for (const character of new TextDecoder().decode(line)) {
    const encoded = Buffer.from(character);
    if (!encoded.equals(line.subarray(validBytes, validBytes + encoded.length))) break;
    validBytes += encoded.length;
  }
  const bytes = formatBytes(line.subarray(validBytes, validBytes + shownBytes));
  return `its byte ${validBytes + 1} is not UTF-8 (${bytes}): set settings.encoding, as windows-1252`;
}
