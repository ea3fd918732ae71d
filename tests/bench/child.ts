import { spawn } from "node:child_process";
import { once } from "node:events";
import { fileURLToPath } from "node:url";

/** Starts a program of this folder, which prints its URL as the first line. Disposing stops it. */
export async function startChild(
  file: string,
  args: readonly string[],
): Promise<AsyncDisposable & { url: string; pids: number[] }> {
  const child = spawn(process.execPath, [fileURLToPath(new URL(file, import.meta.url)), ...args], {
    stdio: ["ignore", "pipe", "inherit"],
  });
  const ended = once(child, "close");
  const [line] = await Promise.race([
    once(child.stdout, "data"),
    ended.then(() => Promise.reject(new Error(`${file} ended`))),
  ]);
  return {
    url: String(line).trim(),
    pids: child.pid === undefined ? [] : [child.pid],
    async [Symbol.asyncDispose]() {
      child.kill("SIGKILL");
      await ended;
    },
  };
}
