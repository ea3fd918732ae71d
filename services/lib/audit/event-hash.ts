import { createHash } from "node:crypto";
import { type DescMessage, type MessageShape, toJson } from "@bufbuild/protobuf";
import canonicalize from "canonicalize";

/** `previousHash` of the first event of a chain. */
export const zeroHash = "0".repeat(64);

/** Canonical JSON (RFC 8785). */
export function canonicalJson(value: unknown): string {
  const text = canonicalize(value);
  if (text === undefined) throw new Error("not a JSON value");
  return text;
}

/** SHA-256, hexadecimal. */
export const sha256 = (text: string): string => createHash("sha256").update(text).digest("hex");

/**
 * Hash of an event as its contract defines it: over its canonical JSON without `hash`, and with the value of
 * `detailsJson` as `details`. Throws if the details are not JSON.
 */
export function hashOfEvent<D extends DescMessage>(schema: D, event: MessageShape<D>): string {
  const { detailsJson, hash: _hash, ...fields } = toJson(schema, event) as Record<string, unknown>;
  return sha256(canonicalJson({ ...fields, details: JSON.parse(String(detailsJson)) }));
}
