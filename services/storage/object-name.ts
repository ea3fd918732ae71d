import type { Scope } from "../lib/rpc/guard.ts";

type Named = { readonly fileId: string; readonly name: string };

/**
 * Name of an upload as an object, in the form of the platform before:
 * `organizations/{org}/files/{user}/{stem}_{YYYYMMDD_HHMMSS}_{uuid8}.{ext}`. The time is now, in UTC; the eight digits are the
 * last ones of the file's id, which are random.
 */
export function objectNameOf({ orgId, principal }: Scope, { fileId, name }: Named): string {
  const { stem, extension } = splitName(name);
  const [date = "", time = ""] = new Date().toISOString().split(/[T.]/);
  const moment = `${date.replaceAll("-", "")}_${time.replaceAll(":", "")}`;
  return `organizations/${orgId}/files/${principal.userId}/${stem}_${moment}_${fileId.slice(-8)}${extension}`;
}

/** Dots at the beginning are part of the stem: `.profile` has no extension. */
function splitName(name: string): { stem: string; extension: string } {
  const [, stem = name, extension = ""] = /^(.*[^.].*)(\.[^.]*)$/.exec(name) ?? [];
  return { stem, extension };
}
