import { mkdir, readFile } from "node:fs/promises";
import { join } from "node:path";
import { writePrivateFile } from "../session/write-private-file.ts";

const entriesMax = 500;

/** The statements of earlier prompts, the newest first. */
export async function readHistory(folder: string): Promise<string[]> {
  const text = await readFile(historyFile(folder), "utf8").catch(() => "[]");
  try {
    const entries: unknown = JSON.parse(text);
    return Array.isArray(entries)
      ? entries.filter((entry) => typeof entry === "string").slice(0, entriesMax)
      : [];
  } catch {
    // A damaged history is no reason to refuse queries.
    return [];
  }
}

/** Statements can contain personal data, so only the user can read the file. */
export async function writeHistory(folder: string, entries: readonly string[]): Promise<void> {
  await mkdir(folder, { recursive: true, mode: 0o700 });
  await writePrivateFile(historyFile(folder), JSON.stringify(entries.slice(0, entriesMax)));
}

const historyFile = (folder: string): string => join(folder, "history.json");
