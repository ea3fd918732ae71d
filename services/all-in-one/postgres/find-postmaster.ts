import { execFile } from "node:child_process";
import { readFile, stat } from "node:fs/promises";
import { join } from "node:path";
import { promisify } from "node:util";
import { isErrorCode } from "./is-error-code.ts";

/** Contents of postmaster.pid, verified. */
export type Postmaster = {
  pid: number;
  socketDirectory: string;
  status: string;
  /** False for a stale file, even if another process has this id now. */
  alive: boolean;
};

export async function findPostmaster(data: string): Promise<Postmaster | undefined> {
  const text = await readFile(join(data, "postmaster.pid"), "utf8").catch((error) => {
    if (isErrorCode(error, "ENOENT")) return "";
    throw error;
  });
  const lines = text.split("\n").map((line) => line.trim());
  const pid = Math.abs(Number(lines[0]));
  if (!pid) return undefined;
  return {
    pid,
    socketDirectory: lines[4] ?? "",
    status: lines[7] ?? "",
    alive: await isPostmasterOf(data, pid),
  };
}

export async function isPostmasterOf(data: string, pid: number): Promise<boolean> {
  return (await readCommandLine(pid)).includes(`cluster_name=${await nameCluster(data)}`);
}

/**
 * Name on the server's command line, which every user may read, unlike its working folder. Derived from the inode, so
 * that it survives a rename of the data folder.
 */
export async function nameCluster(data: string): Promise<string> {
  const { dev, ino } = await stat(data);
  return `sluice-${dev}-${ino}`;
}

/** Empty for processes that have ended, zombies included. */
async function readCommandLine(pid: number): Promise<string[]> {
  if (process.platform === "linux") {
    const raw = await readFile(`/proc/${pid}/cmdline`, "utf8").catch(() => "");
    return raw.split("\0");
  }
  const asked = promisify(execFile)("/bin/ps", ["-ww", "-o", "command=", "-p", String(pid)]);
  const { stdout } = await asked.catch(() => ({ stdout: "" }));
  return stdout.split(/\s+/);
}
