import type { FileHandle } from "node:fs/promises";
import { chown, copyFile, open, stat, truncate } from "node:fs/promises";
import type { Site } from "./choose-site.ts";
import { isErrorCode } from "./is-error-code.ts";

const LOG_BYTES_MAX = 8 * 1024 * 1024;
const LOG_CHECK_MS = 10 * 60_000;
const TAIL_BYTES = 4096;
const TAIL_LINES = 15;

/** Opened here and inherited by the server, so that the log may lie where its account has no access. */
export async function openLog({ log, account }: Site): Promise<FileHandle> {
  const handle = await open(log, "a", 0o600);
  if (account) await chown(log, account.uid, account.gid);
  return handle;
}

/** Copies and truncates: a running server keeps the file open in append mode. */
export async function boundLog(log: string, bytesMax = LOG_BYTES_MAX): Promise<void> {
  try {
    if ((await stat(log)).size <= bytesMax) return;
    await copyFile(log, `${log}.1`);
    await truncate(log);
  } catch (error) {
    if (!isErrorCode(error, "ENOENT")) throw error;
  }
}

export function keepLogBounded(log: string): Disposable {
  const timer = setInterval(() => void boundLog(log).catch(() => {}), LOG_CHECK_MS).unref();
  return { [Symbol.dispose]: () => clearInterval(timer) };
}

/** The last lines written since this byte. */
export async function readTail(log: string, since: number): Promise<string> {
  await using handle = await open(log);
  const { size } = await handle.stat();
  const start = Math.max(since, size - TAIL_BYTES);
  const { buffer, bytesRead } = await handle.read(Buffer.alloc(TAIL_BYTES), 0, TAIL_BYTES, start);
  const lines = buffer.toString("utf8", 0, bytesRead).trim().split("\n");
  return lines.slice(-TAIL_LINES).join("\n");
}
