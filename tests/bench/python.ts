import { execFileSync } from "node:child_process";
import { existsSync, mkdirSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { firstMissing } from "../../clients/generate/language.ts";
import { cacheFolder } from "./cache-folder.ts";

const requirements = join(import.meta.dirname, "requirements.txt");
const environment = join(cacheFolder, "python");
/** Lists the installed packages. Written last: an environment without it is incomplete. */
const installed = join(environment, "installed.txt");

let reason: string | undefined | null = null;

/** Why the Python rivals cannot run; undefined if they can. Creates their environment on first use. */
export function missingForPython(): string | undefined {
  if (reason === null) reason = prepare();
  return reason;
}

/** Interpreter of the rivals' environment. */
export const pythonProgram = join(environment, "bin/python");

function prepare(): string | undefined {
  const missing = firstMissing(["python3", "-c", "import venv, ensurepip"]);
  if (missing) return `Python is missing: ${missing}`;
  const wanted = readFileSync(requirements, "utf8");
  if (existsSync(installed) && readFileSync(installed, "utf8") === wanted) return undefined;
  try {
    rmSync(environment, { recursive: true, force: true });
    mkdirSync(cacheFolder, { recursive: true });
    run("python3", ["-m", "venv", environment]);
    run(pythonProgram, ["-m", "pip", "install", "--quiet", "--requirement", requirements]);
    writeFileSync(installed, wanted);
    return undefined;
  } catch (error) {
    return `Python's packages could not be installed: ${error instanceof Error ? error.message : error}`;
  }
}

/** Redirects a tool's output to stderr, because stdout is for the table or the JSON. */
function run(command: string, args: readonly string[]): void {
  execFileSync(command, args, { stdio: ["ignore", 2, 2] });
}
