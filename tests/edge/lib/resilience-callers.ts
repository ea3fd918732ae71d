import { Code, ConnectError, createClient, type Transport } from "@connectrpc/connect";
import {
  createGrpcTransport as createConnectGrpcTransport,
  createConnectTransport,
  createGrpcWebTransport,
} from "@connectrpc/connect-node";
import { expect } from "vitest";
import { ResilienceService } from "../../../gen/sluice/test/v1/resilience_pb.ts";
import type { Backend } from "./resilience.ts";

/** Makes a call and returns the name of the process that served it. */
export type Calls = {
  read(key: string): Promise<string>;
  write(key: string, requestId: string): Promise<string>;
};

export const overRest = (url: string): Calls => {
  const call = async (path: string, init?: RequestInit) => {
    const response = await fetch(`${url}/test/v1/resilience${path}`, init);
    const answer = (await response.json()) as { server: string; error?: { message: string } };
    if (!response.ok) throw new ConnectError(answer.error?.message ?? "", Code.Unavailable);
    return answer.server;
  };
  return {
    read: (key) => call(`/${key}`),
    write: (key, requestId) =>
      call("", {
        method: "POST",
        headers: { "content-type": "application/json" },
        body: JSON.stringify({ key, requestId }),
      }),
  };
};

const over =
  (createTransport: (options: { baseUrl: string; httpVersion: "1.1" }) => Transport) =>
  (baseUrl: string): Calls => {
    const client = createClient(ResilienceService, createTransport({ baseUrl, httpVersion: "1.1" }));
    return {
      read: async (key) => (await client.read({ key })).server,
      write: async (key, requestId) => (await client.write({ key, requestId })).server,
    };
  };

/** A caller for each protocol of the edge. */
export const protocols: [name: string, calls: (url: string) => Calls][] = [
  ["REST", overRest],
  ["Connect", over(createConnectTransport)],
  ["gRPC-Web", over(createGrpcWebTransport)],
  ["gRPC", over(({ baseUrl }) => createConnectGrpcTransport({ baseUrl }))],
];

/** Repeats concurrent calls while `work` runs, and as many afterwards. Returns the failures. */
export async function callDuring(call: (key: string) => Promise<unknown>, work: () => Promise<void>) {
  const failures: unknown[] = [];
  let calls = 0;
  let left = Number.POSITIVE_INFINITY;
  const callers = Array.from({ length: 4 }, async () => {
    for (; left > 0; left -= 1) {
      calls += 1;
      await call(`key-${calls}`).catch((error: unknown) => failures.push(error));
    }
  });
  await work();
  left = 40;
  await Promise.all(callers);
  return { calls, failures };
}

/** Waits until this many calls have reached the process. */
export const reached = (backend: Backend, calls: number) =>
  expect.poll(() => backend.begun().length, { interval: 5 }).toBeGreaterThan(calls);

/** Keys of calls that were started more than once, by one process or several. */
export const twice = (backends: readonly Backend[]): string[] => {
  const keys = backends.flatMap((backend) => backend.begun().map(({ key }) => key));
  return keys.filter((key, at) => keys.indexOf(key) !== at);
};
