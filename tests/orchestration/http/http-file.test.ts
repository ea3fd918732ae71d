import { Code } from "@connectrpc/connect";
import { expect, test } from "vitest";
import { createSource, failureOf, query } from "../orchestration.ts";
import { send } from "./api-server.ts";
import { apiScene } from "./api-source.ts";

const scene = apiScene();

const readFile = async (more = {}) => {
  const { user, settings } = scene();
  scene().api.requests.length = 0;
  const sourceId = await createSource(user, "http-file", settings({ path: "/files/prices.csv", ...more }));
  return (await query(user, sourceId, "select * from prices")).rows;
};

test("a file is fetched again only when its strong entity tag has changed", async () => {
  let [etag, body] = ['"1"', "price\n1.50\n"];
  scene().api.respond = ({ headers }, response) => {
    if (headers["if-none-match"] !== etag) return send(response, body, { etag, "content-type": "text/csv" });
    response.writeHead(304, { etag });
    return response.end();
  };
  expect(await readFile()).toEqual([["1.50"]]);
  expect(await readFile()).toEqual([["1.50"]]);
  expect(scene().requests()).toMatchObject([{ headers: { "if-none-match": '"1"' } }]);
  [etag, body] = ['"2"', "price\n2.50\n"];
  expect(await readFile()).toEqual([["2.50"]]);
});

test("a weak entity tag does not count: the file may have changed", async () => {
  let body = "price\n1\n";
  scene().api.respond = (_, response) => send(response, body, { etag: 'W/"1"' });
  expect(await readFile()).toEqual([["1"]]);
  body = "price\n2\n";
  expect(await readFile()).toEqual([["2"]]);
  expect(scene().requests()[0]?.headers).not.toHaveProperty("if-none-match");
});

test("settings of files hold: a delimiter, names of columns", async () => {
  scene().api.respond = (_, response) => send(response, "a;b\n1,5;x\n");
  const more = {
    delimiter: ";",
    decimalSeparator: ",",
    columnNames: { b: "label" },
    query: { version: "3" },
  };
  expect(await readFile(more)).toEqual([["1.5", "x"]]);
  expect(scene().requests()).toMatchObject([{ path: "/files/prices.csv", query: { version: "3" } }]);
});

test.each([
  [
    "a file without its length",
    (response: Parameters<typeof send>[0]) => {
      response.useChunkedEncodingByDefault = false;
      response.removeHeader("transfer-encoding");
      response.writeHead(200, { connection: "close" });
      response.end("price\n1\n");
    },
    "sends a file without its length",
  ],
  [
    "a file that is none",
    (response: Parameters<typeof send>[0]) => {
      response.writeHead(404);
      response.end();
    },
    "answers 404",
  ],
  [
    "304 without a question",
    (response: Parameters<typeof send>[0]) => {
      response.writeHead(304);
      response.end();
    },
    "answers 304, which was not asked for",
  ],
])("FailedPrecondition SOURCE_DATA_INVALID: %s", async (_, respond, message) => {
  scene().api.respond = (__, response) => respond(response);
  const failure = await failureOf(readFile({ query: { test: message } }));
  expect(failure).toMatchObject({ code: Code.FailedPrecondition, reason: "SOURCE_DATA_INVALID" });
  expect(failure.message).toContain(message);
});

test("Unavailable SOURCE_UNREACHABLE: a file that ends early is not read in part", async () => {
  scene().api.respond = (_, response) => {
    response.writeHead(200, { "content-length": "100" });
    response.write("price\n1\n");
    response.socket?.end();
  };
  expect(await failureOf(readFile({ query: { cut: "1" } }))).toMatchObject({
    code: Code.Unavailable,
    reason: "SOURCE_UNREACHABLE",
  });
});
