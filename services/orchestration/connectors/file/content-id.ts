import { createHash } from "node:crypto";
import { canonical } from "../../prepared/cache-key.ts";
import type { TableSettings } from "./settings.ts";

/** Identifies a file's bytes and all that decides how they are read: its name is that of the table, and shows the format. */
export function contentIdOf(
  { sha256, name }: { readonly sha256: string; readonly name: string },
  settings: TableSettings,
): string {
  const subject = JSON.stringify([sha256, name, canonical(settings)]);
  return createHash("sha256").update(subject).digest("hex");
}
