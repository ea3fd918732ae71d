import { hash } from "node:crypto";
import type { Credential } from "../dialects/dialect.ts";

/** A name for a credential that can be kept: the credential can't be had from it. */
export function fingerprintOf({ case: kind, value }: Credential): string {
  return hash("sha256", `${kind}:${value}`, "base64");
}
