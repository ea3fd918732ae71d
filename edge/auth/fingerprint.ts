import { hash } from "node:crypto";
import type { Credential } from "../dialects/dialect.ts";

/** A key for caches, from which the credential cannot be recovered. */
export function fingerprintOf({ case: kind, value }: Credential): string {
  return hash("sha256", `${kind}:${value}`, "base64");
}
