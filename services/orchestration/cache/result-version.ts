import { hashSources } from "../prepared/reading-version.ts";

/** Folders, beside the engine's, whose sources decide what a result is and how it is kept. */
const folders = ["../results", "../connectors/file", "."].map((path) => new URL(`${path}/`, import.meta.url));

/** Changes whenever a result, or its form in the cache, may change. `readingVersion` is that of the engine. */
export const findResultVersion = (readingVersion: string): Promise<string> =>
  hashSources(readingVersion, folders);
