import { spawn } from "node:child_process";
import { once } from "node:events";
import { createInterface } from "node:readline";
import type { Step } from "./journey.ts";

/** What a client has to know: a name of its own, the mesh, who calls it, a file to upload and a query. */
export type Journey = {
  readonly name: string;
  readonly url: string;
  readonly email: string;
  readonly password: string;
  readonly file: string;
  readonly sql: string;
};

/** What clients are made with. */
export type Kit = {
  /** What of it this machine does not have. */
  missing(): string | undefined;
  /** Makes the clients ready to travel. Throws where a tool fails. */
  prepare(): void;
};

/** One kind of client. */
export type Lane = {
  readonly name: string;
  readonly kit: Kit;
  /** Makes the journey's calls, and tells each step as it was seen. Rejects where the client fails. */
  travel(journey: Journey, tell: (step: Step) => void): Promise<void>;
};

/** A journey takes seconds; one that hangs is cut off, and has failed. */
const journeyMsMax = 120_000;

/** A lane whose client is a program that prints each step as a line of JSON. */
export function programLane(name: string, kit: Kit, command: string, ...args: readonly string[]): Lane {
  return {
    name,
    kit,
    async travel(journey, tell) {
      const child = spawn(command, args, {
        env: { ...process.env, ...environmentOf(journey) },
        stdio: ["ignore", "pipe", "inherit"],
        timeout: journeyMsMax,
      });
      const closed = once(child, "close");
      for await (const line of createInterface(child.stdout)) tell(JSON.parse(line));
      const [code, signal] = await closed;
      if (code !== 0) throw new Error(`the client ended with ${code ?? signal}`);
    },
  };
}

const environmentOf = (journey: Journey): Record<string, string> =>
  Object.fromEntries(Object.entries(journey).map(([name, value]) => [`SLUICE_${name.toUpperCase()}`, value]));
