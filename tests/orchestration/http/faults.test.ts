import { gzipSync } from "node:zlib";
import { Code } from "@connectrpc/connect";
import { describe, expect, test } from "vitest";
import { failureOf } from "../orchestration.ts";
import { send, startApiServer } from "./api-server.ts";
import { apiScene } from "./api-source.ts";

const scene = apiScene({ SOURCE_ADDRESS_ALLOW: "127.0.0.0/8, 192.0.2.0/24" });
const rows = [{ id: 1 }, { id: 2 }];

describe("FailedPrecondition SOURCE_DATA_INVALID: what is no list of rows", () => {
  test.each([
    [
      "another kind of content",
      "<html>",
      {},
      'page 1 of the API of the type "text/html" can\'t be read: byte 1',
    ],
    ["a part of a value", '{"rows": [{"id": 1}', { rows: "/rows" }, "it ends within a value"],
    ["two values", "[] []", {}, "there is more behind its value"],
    ["a name twice on the way", '{"rows": [], "rows": [1]}', { rows: "/rows" }, 'the name "rows" twice'],
    ["no list", '{"rows": 1}', { rows: "/rows" }, 'the value at "/rows" is no list'],
    ["nothing there", '{"data": []}', { rows: "/rows" }, 'the value at "/rows" is missing'],
    ["an object", '{"data": []}', {}, "the response is no list: settings.rows says where the rows are"],
    ["a row that is no object", '[{"id": 1}, 2]', {}, "a row has to be an object"],
    ["a comment", "[1, /* */ 2]", {}, "byte 5"],
    ["a number of another language", "[0x10]", {}, "byte 3"],
    ["deep nesting", "[".repeat(1000), {}, "nested more than 100 levels deep"],
  ])("%s", async (_, body, settings, message) => {
    const call = scene().read(
      (__, response) =>
        send(response, body, body.startsWith("<") ? { "content-type": "text/html; charset=utf-8" } : {}),
      settings,
    );
    expect(await failureOf(call)).toMatchObject({
      code: Code.FailedPrecondition,
      reason: "SOURCE_DATA_INVALID",
      message: expect.stringContaining(message),
    });
  });

  test("text that is not UTF-8, and a coding that is not known", async () => {
    const latin1 = scene().read((_, response) => response.end(Buffer.from('[{"a": "ü"}]', "latin1")));
    expect((await failureOf(latin1)).message).toContain("it is not in UTF-8");
    const coded = scene().read((_, response) => send(response, rows, { "content-encoding": "aes128gcm" }));
    expect((await failureOf(coded)).message).toContain('encodes its response as "aes128gcm"');
  });

  test.each([401, 403, 404, 418, 204])("status %i, without the text of the server", async (status) => {
    const call = scene().read((_, response) => {
      response.writeHead(status);
      response.end(status === 204 ? undefined : "internal details");
    });
    const { message, reason } = await failureOf(call);
    expect({ reason }).toEqual({ reason: "SOURCE_DATA_INVALID" });
    expect(message).toContain(`answers ${status}`);
    expect(message).not.toContain("internal");
  });
});

test("compressed responses are read", async () => {
  const body = gzipSync(JSON.stringify(rows));
  const found = await scene().read((_, response) => {
    response.writeHead(200, { "content-encoding": "gzip" });
    response.end(body);
  });
  expect(found).toEqual([["1"], ["2"]]);
});

test("ResourceExhausted EXECUTION_LIMIT: a response that grows when it is unpacked", async () => {
  const bomb = gzipSync(Buffer.alloc(200 * 1024 * 1024, " "));
  const call = scene().read((_, response) => {
    response.writeHead(200, { "content-encoding": "gzip" });
    response.end(bomb);
  });
  expect(await failureOf(call)).toMatchObject({
    code: Code.ResourceExhausted,
    reason: "EXECUTION_LIMIT",
    message: expect.stringContaining("answers with more than 32 MiB at once"),
  });
});

describe("what fails for a moment is repeated", () => {
  test.each([429, 500, 502, 503, 504])("status %i", async (status) => {
    let failures = 2;
    const found = await scene().read((_, response) => {
      failures -= 1;
      if (failures < 0) return send(response, rows);
      response.writeHead(status, { "retry-after": "0" });
      return response.end();
    });
    expect(found).toEqual([["1"], ["2"]]);
    expect(scene().requests()).toHaveLength(3);
  });

  test("a connection that ends before the response", async () => {
    let failures = 1;
    const found = await scene().read((_, response) => {
      failures -= 1;
      if (failures < 0) return send(response, rows);
      return response.destroy();
    });
    expect(found).toEqual([["1"], ["2"]]);
  });

  test("Unavailable SOURCE_UNREACHABLE: what fails every time, and a response that ends early", async () => {
    const down = scene().read((_, response) => {
      response.writeHead(503);
      response.end();
    });
    const unreachable = { code: Code.Unavailable, reason: "SOURCE_UNREACHABLE" };
    expect(await failureOf(down)).toMatchObject({
      ...unreachable,
      message: expect.stringContaining("after 4 attempts"),
    });
    const cut = scene().read((_, response) => {
      response.writeHead(200, { "content-length": "1000" });
      response.write('[{"id": 1}');
      response.socket?.end();
    });
    expect(await failureOf(cut)).toMatchObject({
      ...unreachable,
      message: expect.stringContaining("ended a response before its end"),
    });
  });
});

test.each([
  [
    "another protocol",
    "HTTP/1.1 101 Switching Protocols\r\nUpgrade: x\r\nConnection: Upgrade\r\n\r\n",
    "SOURCE_UNREACHABLE",
  ],
  [
    "another transfer encoding",
    "HTTP/1.1 200 OK\r\nTransfer-Encoding: identity\r\n\r\n[]",
    "SOURCE_DATA_INVALID",
  ],
])("a response in %s", async (_, bytes, reason) => {
  const call = scene().read((__, response) => response.socket?.end(bytes));
  expect(await failureOf(call)).toMatchObject({ reason });
});

describe("limits of the server", () => {
  test.each([
    ["429", 429, { "retry-after": "3600" }],
    ["503 with a date", 503, { "retry-after": new Date(Date.now() + 3_600_000).toUTCString() }],
    ["no requests left", 200, { "x-ratelimit-remaining": "0", "x-ratelimit-reset": "3600" }],
    [
      "no requests left until a time",
      200,
      { "ratelimit-remaining": "0", "ratelimit-reset": String(Math.ceil(Date.now() / 1000) + 3600) },
    ],
  ])(
    "Unavailable SOURCE_UNREACHABLE: a wait that is longer than the call: %s",
    async (_, status, headers) => {
      const call = scene().read(
        (__, response) => {
          response.writeHead(status, headers);
          response.end(status === 200 ? JSON.stringify([{ id: scene().requests().length }]) : "");
        },
        { paging: "page" },
      );
      const failure = await failureOf(call);
      expect(failure).toMatchObject({ code: Code.Unavailable, reason: "SOURCE_UNREACHABLE" });
      expect(failure.message).toMatch(/3(60.|5..) s are longer than the time that is left/);
      expect(scene().requests()).toHaveLength(1);
    },
  );

  test("Canceled: a wait ends with its call", async () => {
    const stop = new AbortController();
    const { api, user, settings } = scene();
    api.respond = (_, response) => {
      response.writeHead(429, { "retry-after": "20" });
      response.end(() => stop.abort());
    };
    const call = user.connectors.testConnection(
      { connector: "http-json", settings: settings() },
      { signal: stop.signal, timeoutMs: 60_000 },
    );
    expect(await failureOf(call)).toMatchObject({ code: Code.Canceled });
  });

  test("DeadlineExceeded: a server that says nothing", async () => {
    const call = scene().read(() => {}, {}, 1n);
    expect(await failureOf(call)).toMatchObject({ code: Code.DeadlineExceeded });
  });
});

describe("requests go to the server of the settings only", () => {
  test("a redirect within it is followed", async () => {
    const found = await scene().read(({ path }, response) => {
      if (path === "/moved") return send(response, rows);
      response.writeHead(302, { location: "../moved?x=1" });
      return response.end();
    });
    expect(found).toEqual([["1"], ["2"]]);
  });

  test.each([
    ["a redirect", 302, {}],
    ["a Link header", 200, { paging: "link" }],
    ["an address in a response", 200, { paging: "next", rows: "/rows", cursorPath: "/next" }],
  ])(
    "FailedPrecondition SOURCE_DATA_INVALID: %s that leads elsewhere, with no request there",
    async (_, status, more) => {
      await using inner = await startApiServer((__, response) => send(response, [{ secret: 1 }]));
      const elsewhere = `http://127.0.0.1:${inner.port}/latest/meta-data?key=S3CRET`;
      const call = scene().read((__, response) => {
        response.writeHead(status, { location: elsewhere, link: `<${elsewhere}>; rel="next"` });
        response.end(JSON.stringify("cursorPath" in more ? { rows, next: elsewhere } : rows));
      }, more);
      const { reason, message } = await failureOf(call);
      expect(reason).toBe("SOURCE_DATA_INVALID");
      expect(message).toContain(
        `refers to "http://127.0.0.1:${inner.port}", and only requests to http://127.0.0.1:`,
      );
      expect(message).not.toContain("S3CRET");
      expect(inner.requests).toEqual([]);
    },
  );

  test.each([
    "https://127.0.0.1:PORT/",
    "//evil.example/",
    "http://u:p@127.0.0.1:PORT/",
    "file:///etc/passwd",
    "http://[::1]:PORT/",
  ])("FailedPrecondition SOURCE_DATA_INVALID: a redirect to %s", async (location) => {
    const call = scene().read((_, response) => {
      response.writeHead(307, { location: location.replace("PORT", String(scene().api.port)) });
      response.end();
    });
    expect(await failureOf(call)).toMatchObject({ reason: "SOURCE_DATA_INVALID" });
    expect(scene().requests()).toHaveLength(1);
  });

  test("FailedPrecondition SOURCE_DATA_INVALID: redirects without an end", async () => {
    const call = scene().read(({ query }, response) => {
      response.writeHead(302, { location: `/rows?n=${Number(query.n ?? 0) + 1}` });
      response.end();
    });
    expect((await failureOf(call)).message).toContain("redirects more than 5 times");
  });

  test("FailedPrecondition ADDRESS_REFUSED: a host that is not in an allowed network", async () => {
    const call = scene().read((_, response) => send(response, rows), { host: "10.0.0.1" });
    expect(await failureOf(call)).toMatchObject({ code: Code.FailedPrecondition, reason: "ADDRESS_REFUSED" });
    expect(scene().requests()).toEqual([]);
  });
});

describe("credentials", () => {
  test.each([
    ["basic", { user: "ann" }, { authorization: `Basic ${Buffer.from("ann:k e-y").toString("base64")}` }],
    ["bearer", {}, { authorization: "Bearer k e-y" }],
    ["header", { authName: "X-Api-Key" }, { "x-api-key": "k e-y" }],
  ])("%s: every request has it, also a redirected one", async (auth, more, headers) => {
    const { mesh, user } = scene();
    mesh.peers.addSecret(user.who, "api", "k e-y");
    await scene().read(
      ({ path }, response) => {
        if (path === "/moved") return send(response, rows);
        response.writeHead(302, { location: "/moved" });
        return response.end();
      },
      { auth, authSecret: "api", ...more },
    );
    expect(
      scene()
        .requests()
        .map((request) => request.headers),
    ).toMatchObject([headers, headers]);
  });

  test("query: every request has it", async () => {
    const { mesh, user } = scene();
    mesh.peers.addSecret(user.who, "api", "k&e=y");
    await scene().read(
      ({ query }, response) => send(response, { rows, next: query.page === "2" ? null : "/rows?page=2" }),
      {
        auth: "query",
        authSecret: "api",
        authName: "key",
        paging: "next",
        rows: "/rows",
        cursorPath: "/next",
      },
    );
    expect(
      scene()
        .requests()
        .map(({ query }) => query),
    ).toEqual([{ key: "k&e=y" }, { key: "k&e=y", page: "2" }]);
  });

  test("FailedPrecondition SOURCE_DATA_INVALID: a credential that would end its header", async () => {
    const { mesh, user } = scene();
    mesh.peers.addSecret(user.who, "broken", "a\r\nX-Admin: 1");
    const call = scene().read((_, response) => send(response, rows), {
      auth: "bearer",
      authSecret: "broken",
    });
    expect(await failureOf(call)).toMatchObject({ reason: "SOURCE_DATA_INVALID" });
    expect(scene().requests()).toEqual([]);
  });

  test("FailedPrecondition INSECURE_CONNECTION: a credential without encryption, to another machine", async () => {
    const { mesh, user } = scene();
    mesh.peers.addSecret(user.who, "api", "key");
    const call = scene().read((_, response) => send(response, rows), {
      ...{ host: "192.0.2.1", auth: "bearer", authSecret: "api" },
    });
    expect(await failureOf(call)).toMatchObject({
      code: Code.FailedPrecondition,
      reason: "INSECURE_CONNECTION",
    });
  });
});

describe("InvalidArgument SETTINGS_INVALID", () => {
  test.each<[string, Record<string, string | number | Record<string, string>>, string]>([
    ["a scheme", { scheme: "file" }, "scheme"],
    ["a path with a query", { path: "/a?b=c" }, "path"],
    ["a path with a line break", { path: "/a\r\nHost: b" }, "path"],
    ["a host with a user", { host: "a@b" }, "host"],
    [
      "a header that decides how the request is sent",
      { headers: { "Transfer-Encoding": "chunked" } },
      "headers.Transfer-Encoding",
    ],
    ["a header with a line break", { headers: { "X-A": "b\r\nc: d" } }, "headers.X-A"],
    ["a credential in another header", { auth: "header", authSecret: "a", authName: "Host" }, "authName"],
    ["auth without a secret", { auth: "bearer" }, "authSecret"],
    ["a secret without auth", { authSecret: "a" }, "authSecret"],
    ["a user without basic", { auth: "bearer", authSecret: "a", user: "b" }, "user"],
    ["a pointer", { rows: "data" }, "rows"],
    ["a cursor without its place", { paging: "cursor" }, "cursorPath"],
    ["a parameter that is not used", { pageParameter: "page" }, "pageParameter"],
    ["a size without its parameter", { pageSize: 3 }, "pageSizeParameter"],
    ["an authority for http", { caSecret: "a" }, "caSecret"],
    ["a setting of another format", { delimiter: ";" }, "delimiter"],
  ])("%s", async (_, more, field) => {
    const { user, settings } = scene();
    const call = user.connectors.testConnection({ connector: "http-json", settings: settings(more) });
    expect(await failureOf(call)).toMatchObject({
      code: Code.InvalidArgument,
      reason: "SETTINGS_INVALID",
      fields: expect.arrayContaining([expect.stringContaining(field)]),
    });
  });
});
