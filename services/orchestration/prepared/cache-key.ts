import { createHash } from "node:crypto";
import { extname } from "node:path";
import type { ReadingSettings } from "../engine/reading-settings.ts";

/** All that decides what a file is read as. */
export type PreparedSubject = {
  /** What a process found in one organisation's file is believed by that organisation only. */
  readonly orgId: string;
  readonly blob: { readonly sha256: string; readonly name: string };
  readonly settings: ReadingSettings;
  readonly readingVersion: string;
};

/** Names what is prepared. Of a file's name its extensions say what format it has. */
export function cacheKeyOf({ orgId, blob, settings, readingVersion }: PreparedSubject): string {
  const subject = [readingVersion, orgId, blob.sha256, extensionsOf(blob.name), inOrder(settings)];
  return createHash("sha256").update(JSON.stringify(subject)).digest("hex");
}

/** The last two of a name, as `.csv.gz`. */
export function extensionsOf(name: string): string {
  const outer = extname(name);
  return `${extname(name.slice(0, name.length - outer.length))}${outer}`.toLowerCase();
}

/** Settings as JSON is written, whatever the order in which they were said. */
function inOrder(value: unknown): unknown {
  if (value === null || typeof value !== "object" || Array.isArray(value)) return value;
  const entries = Object.entries(value).filter(([, inner]) => inner !== undefined);
  entries.sort(([left], [right]) => (left < right ? -1 : 1));
  return entries.map(([key, inner]) => [key, inOrder(inner)]);
}
