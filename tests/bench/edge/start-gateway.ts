import { type ChildProcess, fork } from "node:child_process";
import { once } from "node:events";
import { join } from "node:path";
import type { Contender } from "../compare.ts";
import type { Connect } from "./callers.ts";
import { keepBusy } from "./load.ts";

/** Duration of a round, in milliseconds. */
const roundMs = 1_500;

/** A gateway in a process of its own. */
export type Gateway = AsyncDisposable & {
  readonly port: number;
  /** CPU time so far, in seconds. */
  cpuSeconds(): Promise<number>;
};

/** Runs a program of this folder that reports its port, and on request its CPU time. */
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

/** Calls per second of the gateway's CPU time. */
export const cheapness =
  (gateway: Gateway, connect: Connect): Contender =>
  async () => {
    const before = await gateway.cpuSeconds();
    const calls = await keepBusy(connect, gateway.port, roundMs);
    return calls / ((await gateway.cpuSeconds()) - before);
  };

/** Calls per second of wall time. */
export const throughput =
  (gateway: Gateway, connect: Connect): Contender =>
  async () => {
    const beganMs = performance.now();
    const calls = await keepBusy(connect, gateway.port, roundMs);
    return (calls * 1000) / (performance.now() - beganMs);
  };
