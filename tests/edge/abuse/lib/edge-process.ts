import { fork } from "node:child_process";
import { once } from "node:events";
import { join } from "node:path";
import { expect } from "vitest";
import type { Limits } from "../../../../edge/http/limits.ts";
import { endProcess } from "../../../lib/end-process.ts";
import { meshKeys } from "../../../lib/test-mesh.ts";
import { startTestEdge, type TestEdge } from "../../lib/test-edge.ts";
import { servedWell } from "./honest-callers.ts";

/** An edge in a process of its own, in front of a backend in this process. */
export type EdgeProcess = AsyncDisposable & {
  readonly port: number;
  readonly url: string;
  readonly happenings: TestEdge["happenings"];
  /** Resident memory in bytes, after garbage collection by default. */
  memoryBytes(garbage?: "collected" | "as it is"): Promise<number>;
  /** Processor time used so far. */
  processorMs(): Promise<number>;
  /**
   * Runs `attack` beside honest callers. Expects that every honest call succeeds, that the process survives, and that its memory has
   * grown by at most `growthBytesMax` when `attack` resolves. Nearly half of the default is what any process grows by until it is warm.
   */
  withstand<T>(attack: () => Promise<T>, growthBytesMax?: number): Promise<T>;
};

const mebibyte = 2 ** 20;

export async function startEdgeProcess(limits: Partial<Limits> = {}): Promise<EdgeProcess> {
  await using cleanup = new AsyncDisposableStack();
  const behind = cleanup.use(await startTestEdge());
  const settings = {
    limits,
    upstreams: behind.upstreams,
    meshPrivateKey: meshKeys.privateKeys.edge,
  };
  const child = fork(join(import.meta.dirname, "edge-main.ts"), [JSON.stringify(settings)], {
    execArgv: ["--expose-gc"],
  });
  cleanup.defer(() => endProcess(child));
  const [url] = (await once(child, "message")) as [string];
  const port = Number(new URL(url).port);
  const taken = async (garbage: string) => {
    child.send(garbage);
    const [answer] = (await once(child, "message")) as [{ memoryBytes: number; processorMs: number }];
    return answer;
  };
  const memoryBytes = async (garbage = "collected") => (await taken(garbage)).memoryBytes;
  const owned = cleanup.move();
  return {
    port,
    url,
    happenings: behind.happenings,
    memoryBytes,
    processorMs: async () => (await taken("as it is")).processorMs,
    async withstand(attack, growthBytesMax = 96 * mebibyte) {
      await servedWell(port, Promise.resolve());
      const before = await memoryBytes();
      const attacked = attack();
      await servedWell(port, attacked);
      const result = await attacked;
      expect(child.exitCode).toBe(null);
      expect((await memoryBytes()) - before).toBeLessThan(growthBytesMax);
      await servedWell(port, Promise.resolve());
      return result;
    },
    [Symbol.asyncDispose]: () => owned.disposeAsync(),
  };
}
