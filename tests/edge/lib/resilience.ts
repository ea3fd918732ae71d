import { type ChildProcess, fork } from "node:child_process";
import { once } from "node:events";
import { existsSync, readFileSync } from "node:fs";
import { mkdtemp, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { pino } from "pino";
import { startEdge } from "../../../edge/start-edge.ts";
import type { UpstreamLimits } from "../../../edge/upstream/connections/limits.ts";
import { ResilienceService } from "../../../gen/sluice/test/v1/resilience_pb.ts";
import { endProcess } from "../../lib/end-process.ts";
import { freePort } from "../../lib/free-port.ts";
import { meshKeys } from "../../lib/test-mesh.ts";
import type { Mode } from "./resilience-server.ts";

/** A call that the backend started. */
type Begun = {
  readonly method: string;
  readonly key: string;
  readonly triesBefore: number;
  readonly traceparent: string;
};

/** A backend process. */
export type Backend = AsyncDisposable & {
  readonly address: string;
  readonly process: ChildProcess;
  /** Calls started so far, also before the process was restarted. */
  begun(): Begun[];
  /** Number of cancelled calls. */
  cancelled(): number;
  set(mode: Mode): Promise<void>;
  signal(signal: NodeJS.Signals): void;
  /** SIGKILL ends the process at once, SIGTERM after its calls have ended. */
  end(signal: "SIGKILL" | "SIGTERM"): Promise<void>;
  /** Starts a new process at the same address. */
  start(): Promise<void>;
};

export async function startBackend(name: string): Promise<Backend> {
  const folder = await mkdtemp(join(tmpdir(), "resilience-"));
  const file = join(folder, "calls");
  const port = await freePort();
  let cancelled = 0;
  let child: ChildProcess;
  const start = async () => {
    child = fork(join(import.meta.dirname, "resilience-server.ts"), [name, String(port), file]);
    await once(child, "message");
    child.on("message", (message) => {
      if (typeof message === "object" && "cancelled" in message) cancelled += 1;
    });
  };
  const end = (signal: NodeJS.Signals) => endProcess(child, signal);
  await start();
  return {
    get process() {
      return child;
    },
    address: `127.0.0.1:${port}`,
    begun: () =>
      existsSync(file)
        ? readFileSync(file, "utf8")
            .split("\n")
            .filter((line) => line !== "")
            .map((line) => line.split(" "))
            .map(([method = "", key = "", tries, traceparent = ""]) => ({
              method,
              key,
              triesBefore: Number(tries),
              traceparent,
            }))
        : [],
    cancelled: () => cancelled,
    async set(mode) {
      const heard = once(child, "message");
      child.send(mode);
      await heard;
    },
    signal: (signal) => child.kill(signal),
    end,
    start,
    async [Symbol.asyncDispose]() {
      await end("SIGKILL");
      await rm(folder, { recursive: true });
    },
  };
}

/** An edge in front of backends at these addresses. */
export async function startEdgeBefore(
  addresses: readonly string[],
  limits: Partial<UpstreamLimits> = {},
): Promise<AsyncDisposable & { url: string; port: number }> {
  const edge = await startEdge({
    host: "127.0.0.1",
    port: 0,
    services: [ResilienceService],
    upstreams: { identity: "127.0.0.1:1", test: addresses.join(",") },
    upstreamLimits: limits,
    meshPrivateKey: meshKeys.privateKeys.edge ?? "",
    log: pino({ level: "silent" }),
  });
  return {
    url: edge.address,
    port: Number(new URL(edge.address).port),
    [Symbol.asyncDispose]: () => edge[Symbol.asyncDispose](),
  };
}
