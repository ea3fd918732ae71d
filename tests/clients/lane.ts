import { spawn } from "node:child_process";
import { once } from "node:events";
import { createInterface } from "node:readline";
import type { Step } from "./journey.ts";

/** Parameters of a client: a unique name, the URL of the mesh, the login, a file to upload, and a query. */
export type Journey = {
  readonly name: string;
  readonly url: string;
  readonly email: string;
  readonly password: string;
  readonly file: string;
  readonly sql: string;
};

/** The tools that build a client. */
export type Kit = {
  /** Whether a machine may lack it even where all clients are required: not every module proxy has it. */
  readonly isOptional?: boolean;
  /** The reason why the clients can't be built on this machine; undefined if they can. */
  missing(): string | undefined;
  /** Builds the clients. Throws if a tool fails. */
  prepare(): void;
};

/** One kind of client. */
export type Lane = {
  readonly name: string;
  readonly kit: Kit;
  /** The steps that it reports, if they are not those of the first journey. */
  readonly steps?: readonly Step[];
  /** Makes the calls of the journey and reports each step. Rejects if the client fails. */
  run(journey: Journey, report: (step: Step) => void): Promise<void>;
};

/** Default timeout. A journey takes seconds. */
const journeyMsMax = 120_000;

/** A program that prints each step as a line of JSON, and its timeout in milliseconds. */
type Program = {
  readonly command: string;
  readonly args: readonly string[];
  readonly timeoutMs?: number;
};

/** A lane whose client is a program. */
export function programLane(name: string, kit: Kit, command: string, ...args: readonly string[]): Lane {
  return { name, kit, run: (journey, report) => runProgram({ command, args }, journey, report) };
}

/** Runs a client as `Lane.run` does. */
export async function runProgram(
  { command, args, timeoutMs = journeyMsMax }: Program,
  journey: Journey,
  report: (step: Step) => void,
): Promise<void> {
  const child = spawn(command, args, {
    env: { ...process.env, ...environmentOf(journey) },
    stdio: ["ignore", "pipe", "inherit"],
    timeout: timeoutMs,
  });
  const closed = once(child, "close");
  for await (const line of createInterface(child.stdout)) report(JSON.parse(line));
  const [code, signal] = await closed;
  if (code !== 0) throw new Error(`the client ended with ${code ?? signal}`);
}

const environmentOf = (journey: Journey): Record<string, string> =>
  Object.fromEntries(Object.entries(journey).map(([name, value]) => [`SLUICE_${name.toUpperCase()}`, value]));
