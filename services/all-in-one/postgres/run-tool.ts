import { execFile } from "node:child_process";
import { basename } from "node:path";
import { promisify } from "node:util";
import type { Account } from "./account.ts";

/** PG* variables of the caller's shell (PGPORT, PGDATA) must not reach the server; English messages are matched on. */
export const TOOL_ENVIRONMENT = { PATH: "/usr/bin:/bin", LC_ALL: "C", TZ: "UTC" };

/** PostgreSQL's programs need a readable working folder; the caller's may be closed to the server's account. */
export const TOOL_FOLDER = "/";

export async function runTool(file: string, args: string[], account: Account): Promise<void> {
  try {
    await promisify(execFile)(file, args, { cwd: TOOL_FOLDER, env: TOOL_ENVIRONMENT, ...account });
  } catch (error) {
    const { stderr, stdout, message } = error as Error & { stderr?: string; stdout?: string };
    const said = stderr?.trim() || stdout?.trim() || message;
    throw new Error(`PostgreSQL's ${basename(file)} failed: ${said}`, { cause: error });
  }
}
