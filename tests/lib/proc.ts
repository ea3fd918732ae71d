import { readFile } from "node:fs/promises";

/** Peak resident memory of a process, in bytes. */
export const peakMemoryBytes = async (pid: number): Promise<number> =>
  1024 * (await numberIn(pid, "status", /^VmHWM:\s+(\d+) kB$/m));

/** Bytes that a process has read from files and sockets. */
export const readBytes = (pid: number): Promise<number> => numberIn(pid, "io", /^rchar: (\d+)$/m);

async function numberIn(pid: number, file: string, pattern: RegExp): Promise<number> {
  return Number(pattern.exec(await readFile(`/proc/${pid}/${file}`, "utf8"))?.[1]);
}
