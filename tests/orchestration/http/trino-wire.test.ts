import type { ServerResponse } from "node:http";
import { Code } from "@connectrpc/connect";
import { describe, expect, test } from "vitest";
import { forFile } from "../../lib/for-file.ts";
import { createSource, eventually, failureOf, startOrchestration } from "../orchestration.ts";
import { type SeenRequest, send, startApiServer } from "./api-server.ts";

/** Servers that break Trino's protocol. What holds of a real one is in tests/trino. */
const mesh = forFile(startOrchestration);
const server = forFile(() => startApiServer((_, response) => response.end()));

type Reply = (request: SeenRequest, response: ServerResponse) => unknown;

/** Responds to the transaction as Trino does, and to the statement by `reply`. */
function speak(reply: Reply): void {
  server().requests.length = 0;
  server().respond = (request, response) => {
    if (request.headers["x-trino-transaction-id"] === "NONE") {
      return send(
        response,
        { id: "a", stats: { state: "FINISHED" } },
        { "x-trino-started-transaction-id": "1-2-3" },
      );
    }
    return reply(request, response);
  };
}

const run = async (reply: Reply, signal?: AbortSignal) => {
  speak(reply);
  const user = mesh().user();
  const settings = { scheme: "http", host: "127.0.0.1", port: server().port, user: "a", catalog: "b" };
  const sourceId = await createSource(user, "trino", settings);
  return user.executions.executeQuery({ sourceId, sql: "select 1" }, signal ? { signal } : {});
};

const columns = [{ name: "x", type: "bigint" }];

describe("FailedPrecondition SOURCE_DATA_INVALID", () => {
  test.each<[string, unknown, string]>([
    ["no JSON", "<html>", "does not speak Trino's protocol"],
    [
      "a next address that is none of a statement",
      { nextUri: "http://127.0.0.1/etc/passwd" },
      "does not speak",
    ],
    ["columns that are none", { columns: "x" }, "does not speak"],
    [
      "a value that is none of its type",
      { columns, data: [["a"]], stats: { state: "FINISHED" } },
      "which its type bigint has not",
    ],
    [
      "a type that is not known",
      { columns: [{ name: "x", type: "future" }], data: [[1]] },
      "the type future",
    ],
    [
      "an error of its source",
      { error: { message: "down", errorType: "EXTERNAL" } },
      "can't read its source: down",
    ],
  ])("%s", async (_, reply, message) => {
    const failure = await failureOf(run((__, response) => send(response, reply)));
    expect(failure).toMatchObject({ code: Code.FailedPrecondition, reason: "SOURCE_DATA_INVALID" });
    expect(failure.message).toContain(message);
  });

  test("a server that starts no transaction", async () => {
    const call = run(() => {});
    server().respond = (_, response) => send(response, { id: "a" });
    expect((await failureOf(call)).message).toContain("starts no transaction");
  });
});

test("the next address may be of another host: requests go to the server of the settings", async () => {
  const { rows } = await run(({ path }, response) =>
    path === "/v1/statement"
      ? send(response, {
          columns,
          data: [[1]],
          nextUri: "https://inner.invalid/v1/statement/executing/a/1?slug=b",
        })
      : send(response, { columns, stats: { state: "FINISHED" } }),
  );
  expect(rows).toHaveLength(1);
  expect(
    server().requests.some(({ path, query }) => path === "/v1/statement/executing/a/1" && query.slug === "b"),
  ).toBe(true);
});

test("Canceled: responses without rows and without an end; the statement is deleted", async () => {
  const deleted: string[] = [];
  const stop = new AbortController();
  const call = run(({ path, method }, response) => {
    if (method === "DELETE") deleted.push(path);
    if (path.includes("queued")) stop.abort();
    return send(response, { nextUri: "http://a/v1/statement/queued/a" });
  }, stop.signal);
  expect(await failureOf(call)).toMatchObject({ code: Code.Canceled });
  await eventually(() => deleted).toContain("/v1/statement/queued/a");
});

test.each<[string, object, Code, string]>([
  [
    "a mistake in the statement",
    { errorType: "USER_ERROR", errorName: "SYNTAX_ERROR" },
    Code.InvalidArgument,
    "SQL_INVALID",
  ],
  [
    "a write",
    { errorType: "USER_ERROR", errorName: "READ_ONLY_VIOLATION" },
    Code.InvalidArgument,
    "STATEMENT_REFUSED",
  ],
  ["too little memory", { errorType: "INSUFFICIENT_RESOURCES" }, Code.ResourceExhausted, "EXECUTION_LIMIT"],
  ["a fault of the server", { errorType: "INTERNAL_ERROR" }, Code.Unavailable, "SOURCE_UNREACHABLE"],
])("%s", async (_, error, code, reason) => {
  const call = run((__, response) => send(response, { error: { message: "because", ...error } }));
  expect(await failureOf(call)).toMatchObject({ code, reason });
});
