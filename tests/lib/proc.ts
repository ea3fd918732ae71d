import { readFile } from "node:fs/promises";

/** The most memory that a process ever had in use, in bytes. */
export const peakMemoryBytes = async (pid: number): Promise<number> =>
  1024 * (await numberIn(pid, "status", /^VmHWM:\s+(\d+) kB$/m));

/** Bytes that a process has read from files and connections so far. */
export const readBytes = (pid: number): Promise<number> => numberIn(pid, "io", /^rchar: (\d+)$/m);

async function numberIn(pid: number, file: string, form: RegExp): Promise<number> {
  return Number(form.exec(await readFile(`/proc/${pid}/${file}`, "utf8"))?.[1]);
}
