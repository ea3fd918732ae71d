import { type ChildProcess, fork } from "node:child_process";
import { once } from "node:events";
import { join } from "node:path";
import type { Contender } from "../compare.ts";
import type { Connect } from "./callers.ts";
import { keepBusy } from "./load.ts";

/** How long a round takes, in milliseconds. */
const roundMs = 1_500;

/** What takes calls, in a process of its own. */
export type Gateway = AsyncDisposable & {
  readonly port: number;
  /** Processor time so far, in seconds. */
  cpuSeconds(): Promise<number>;
};

/** Runs a program of this folder that tells its port, and when it is asked, what it has cost. */
export async function startGateway(file: string, ...args: string[]): Promise<Gateway> {
  const child: ChildProcess = fork(join(import.meta.dirname, file), args);
  const [port] = await once(child, "message");
  return {
    port,
    async cpuSeconds() {
      child.send("cost");
      const [{ user, system }] = await once(child, "message");
      return (user + system) / 1e6;
    },
    async [Symbol.asyncDispose]() {
      const ended = once(child, "exit");
      child.disconnect();
      await ended;
    },
  };
}

/** Calls for each second of the gateway's processor time. */
export const cheapness =
  (gateway: Gateway, connect: Connect): Contender =>
  async () => {
    const before = await gateway.cpuSeconds();
    const calls = await keepBusy(connect, gateway.port, roundMs);
    return calls / ((await gateway.cpuSeconds()) - before);
  };

/** Calls for each second on the clock. */
export const throughput =
  (gateway: Gateway, connect: Connect): Contender =>
  async () => {
    const beganMs = performance.now();
    const calls = await keepBusy(connect, gateway.port, roundMs);
    return (calls * 1000) / (performance.now() - beganMs);
  };
