import { createHash } from "node:crypto";
import type { JsonValue } from "@bufbuild/protobuf";
import canonicalize from "canonicalize";

/**
 * Hex hash that identifies an event: of its JSON with sorted keys and without whitespace. Numbers count as they are
 * written, because doubles of different numbers can be equal.
 */
export function hashEvent(text: string): string {
  const marked = text.replace(tokens, (token) => (token.startsWith('"') ? token : `"\\u0001${token}"`));
  const canonical = canonicalize(JSON.parse(marked) as JsonValue) ?? "";
  return createHash("sha256").update(canonical).digest("hex");
}

/** Strings and numbers of a valid JSON text. */
const tokens = /"(?:[^"\\]|\\.)*"|-?\d+(?:\.\d+)?(?:[eE][+-]?\d+)?/gs;
