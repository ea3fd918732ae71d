import { createHash } from "node:crypto";
import { extname } from "node:path";
import type { ReadingSettings } from "../engine/reading-settings.ts";

/** Everything that determines how a file is read. */
export type PreparationKey = {
  /** Part of the key, because an engine process that read one organisation's file is not trusted by others. */
  readonly orgId: string;
  readonly blob: { readonly sha256: string; readonly name: string };
  readonly settings: ReadingSettings;
  readonly readingVersion: string;
};

/** Hash that identifies a prepared file. Only the extensions of the file's name count: they determine the format. */
export function cacheKeyOf({ orgId, blob, settings, readingVersion }: PreparationKey): string {
  const subject = [readingVersion, orgId, blob.sha256, extensionsOf(blob.name), canonical(settings)];
  return createHash("sha256").update(JSON.stringify(subject)).digest("hex");
}

/** The last two extensions of a name, for example `.csv.gz`. */
export function extensionsOf(name: string): string {
  const outer = extname(name);
  return `${extname(name.slice(0, name.length - outer.length))}${outer}`.toLowerCase();
}

/** Sorts keys and drops undefined ones, so that equal settings have equal JSON. */
export function canonical(value: unknown): unknown {
  if (value === null || typeof value !== "object" || Array.isArray(value)) return value;
  const entries = Object.entries(value).filter(([, inner]) => inner !== undefined);
  entries.sort(([left], [right]) => (left < right ? -1 : 1));
  return entries.map(([key, inner]) => [key, canonical(inner)]);
}
