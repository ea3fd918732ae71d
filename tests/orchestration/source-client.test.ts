import { once } from "node:events";
import { readFile, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { pathToFileURL } from "node:url";
import { Code } from "@connectrpc/connect";
import { expect, test } from "vitest";
import { createLog } from "../../services/lib/telemetry/log.ts";
import { hasEnded, startChild } from "../../services/orchestration/process/child.ts";
import type { resolveHost } from "../../services/orchestration/source-process/resolve-host.ts";
import { createSourceClient } from "../../services/orchestration/source-process/source-client.ts";
import { temporaryFolder } from "../lib/test-mesh.ts";
import { failureOf } from "./orchestration.ts";

/** Starts a process that handles requests differently from a source's process. */
async function startProgram(onRequest: string) {
  await using stack = new AsyncDisposableStack();
  const { path } = stack.use(await temporaryFolder());
  const program = join(path, "program.mjs");
  await writeFile(program, `process.on("message", ({ kind, id }) => { ${onRequest} });`);
  const child = startChild(pathToFileURL(program), path);
  const ended = Promise.withResolvers<void>();
  const client = stack.use(
    createSourceClient(child, createLog("test", { logLevel: "silent" }), () => ended.resolve()),
  );
  const owned = stack.move();
  return {
    child,
    client,
    ended: ended.promise,
    ask: (signal = new AbortController().signal) =>
      client.request<typeof resolveHost>("resolveHost", { host: "127.0.0.1" }, { signal }),
    [Symbol.asyncDispose]: () => owned[Symbol.asyncDispose](),
  };
}

test.for([
  ["a part that can't be read, before a reply", `process.send({ kind: "part", id, body: "?" }); reply();`],
  ["a reply that can't be read", `process.send({ kind: "reply", id, body: "?" });`],
  ["a failure that is none", `process.send({ kind: "failure", id, body: "/w8w" });`],
  ["no message", `process.send(null);`],
  [
    "more parts than a request may have",
    `for (let sent = 0; sent < 6; sent += 1) process.send({ kind: "part", id, body: pieces });`,
  ],
] as const)("FailedPrecondition: %s ends the process, and the service goes on", async ([, act]) => {
  const prelude = `
    const reply = () => process.send({ kind: "reply", id, body: "/w9f" });
    const pieces = "/w9f".repeat(3_000_000);`;
  await using program = await startProgram(prelude + act);
  expect(await failureOf(program.ask())).toEqual({
    code: Code.FailedPrecondition,
    reason: "SOURCE_DATA_INVALID",
    fields: [],
    message: "the source was cut off: its answers can't be read",
  });
  await program.ended;
  expect(hasEnded(program.child)).toBe(true);
});

test("the caller's own reason: a process that does not answer a cancellation is waited for by nobody", async () => {
  await using program = await startProgram(`process.send({ kind: "part", id, body: "/w9f" }); for (;;);`);
  const call = new AbortController();
  const asked = program.ask(call.signal);
  await once(program.child, "message");
  const failed = failureOf(asked).catch(String);
  let hasExited = false;
  program.child.once("exit", () => {
    hasExited = true;
  });
  call.abort(new Error("it took too long"));
  expect(await failed).toBe("Error: it took too long");
  expect(hasExited).toBe(false);
  // Then the process is killed.
  await program.ended;
});

test.runIf(process.platform === "linux")(
  "the kernel ends a source's process before the service",
  async () => {
    await using folder = await temporaryFolder();
    const program = new URL("../../services/orchestration/connectors/source-process.ts", import.meta.url);
    const child = startChild(program, folder.path);
    await using client = createSourceClient(child, createLog("test", { logLevel: "silent" }), () => {});
    await client.request<typeof resolveHost>(
      "resolveHost",
      { host: "127.0.0.1" },
      { signal: new AbortController().signal },
    );
    expect(await readFile(`/proc/${child.pid}/oom_score_adj`, "utf8")).toBe("1000\n");
  },
);
