import { spawn, spawnSync } from "node:child_process";
import { createHash } from "node:crypto";
import { existsSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { createInterface } from "node:readline";
import type { JsonObject } from "@bufbuild/protobuf";
import type { ReadTable } from "./keeps.ts";

const folder = join(import.meta.dirname, "python");
const environment = join(import.meta.dirname, "../../node_modules/.cache/exact-python");
const interpreter = join(environment, "bin/python");

/** Creates a virtual environment from requirements.txt, once per version of that file. */
export function preparePython(): void {
  const requirements = join(folder, "requirements.txt");
  const hash = createHash("sha256").update(readFileSync(requirements)).digest("hex");
  const stamp = join(environment, "requirements.sha256");
  if (existsSync(stamp) && readFileSync(stamp, "utf8") === hash) return;
  rmSync(environment, { recursive: true, force: true });
  const needs =
    "npm run test:exact needs Python 3.9 or later with the modules venv and pip (Debian: python3-venv)";
  run("python3", ["-m", "venv", environment], needs);
  const install = [
    "-m",
    "pip",
    "install",
    "--quiet",
    "--disable-pip-version-check",
    "--requirement",
    requirements,
  ];
  run(interpreter, install, "pip could not install what tests/exact/python/requirements.txt names");
  writeFileSync(stamp, hash);
}

function run(command: string, args: string[], failureText: string): void {
  const { status, error } = spawnSync(command, args, { stdio: ["ignore", "inherit", "inherit"] });
  if (status !== 0) throw new Error(`${failureText}${error ? `: ${error.message}` : ""}`);
}

export const readers = ["duckdb", "polars", "pyarrow"] as const;
export type Reader = (typeof readers)[number];

type Request = {
  readonly reader: Reader;
  readonly path: string;
  readonly format: string;
  readonly settings?: JsonObject;
  /** Only this many rows from the end are returned. */
  readonly last?: number;
};
type Response =
  | { readonly refused: string }
  | (ReadTable & { readonly refused?: undefined; rowCount: number });

export type Python = AsyncDisposable & { read(request: Request): Promise<Response> };

/** A Python process that reads files one at a time. */
export function startPython(): Python {
  const child = spawn(interpreter, [join(folder, "main.py")], {
    stdio: ["pipe", "pipe", "inherit"],
    // Polars panics on files that it can't read; that output is noise.
    env: { ...process.env, RUST_BACKTRACE: "0" },
  });
  const lines = createInterface({ input: child.stdout })[Symbol.asyncIterator]();
  let last: Promise<unknown> = Promise.resolve();
  const exchange = async (request: Request): Promise<Response> => {
    child.stdin.write(`${JSON.stringify(request)}\n`);
    const { value, done } = await lines.next();
    if (done) throw new Error(`the Python process ended while it read ${request.path} by ${request.reader}`);
    return JSON.parse(value);
  };
  return {
    read(request) {
      const answer = last.then(() => exchange(request));
      last = answer.catch(() => {});
      return answer;
    },
    async [Symbol.asyncDispose]() {
      child.stdin.end();
      await new Promise((resolve) =>
        child.exitCode === null ? child.once("exit", resolve) : resolve(undefined),
      );
    },
  };
}
