import { execFileSync } from "node:child_process";
import { existsSync, mkdirSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { firstMissing } from "../../clients/generate/language.ts";
import { cacheFolder } from "./cache-folder.ts";

/** A virtual environment with packages of PyPI. */
export type PythonEnvironment = {
  /** Why programs of it cannot run; undefined if they can. Creates the environment on first use. */
  missing(): string | undefined;
  /** Its interpreter. */
  readonly program: string;
};

/** The environment with the packages of a file of this folder. */
export function pythonEnvironment(name: string, requirementsFile: string): PythonEnvironment {
  const folder = join(cacheFolder, name);
  const program = join(folder, "bin/python");
  let reason: string | undefined | null = null;
  return {
    program,
    missing() {
      if (reason === null) reason = prepare(folder, program, join(import.meta.dirname, requirementsFile));
      return reason;
    },
  };
}

const rivals = pythonEnvironment("python", "requirements.txt");

export const missingForPython = rivals.missing;

/** Interpreter of the rivals' environment. */
export const pythonProgram = rivals.program;

function prepare(folder: string, program: string, requirements: string): string | undefined {
  const missing = firstMissing(["python3", "-c", "import venv, ensurepip"]);
  if (missing) return `Python is missing: ${missing}`;
  // Lists the installed packages. Written last: an environment without it is incomplete.
  const installed = join(folder, "installed.txt");
  const wanted = readFileSync(requirements, "utf8");
  if (existsSync(installed) && readFileSync(installed, "utf8") === wanted) return undefined;
  try {
    rmSync(folder, { recursive: true, force: true });
    mkdirSync(cacheFolder, { recursive: true });
    run("python3", ["-m", "venv", folder]);
    run(program, ["-m", "pip", "install", "--quiet", "--requirement", requirements]);
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
