import { Code } from "@connectrpc/connect";
import { describe, expect, test } from "vitest";
import { failureOf } from "../orchestration.ts";
import { type SeenRequest, send } from "./api-server.ts";
import { apiScene } from "./api-source.ts";

const scene = apiScene();

/** Seven rows, in pages of at most three. */
const rows = Array.from({ length: 7 }, (_, index) => ({ id: index + 1 }));
const ids = rows.map(({ id }) => [String(id)]);
const pageAt = (from: number) => rows.slice(from, from + 3);

describe("all rows are read", () => {
  test("of a single response, with the query and the headers of the settings", async () => {
    const more = { query: { status: "open", empty: "" }, headers: { "X-Tenant": "a b" } };
    expect(await scene().read((_, response) => send(response, rows), more)).toEqual(ids);
    expect(scene().requests()).toMatchObject([
      { path: "/rows", query: { status: "open", empty: "" }, headers: { "x-tenant": "a b" } },
    ]);
  });

  test.each([undefined, 0])("by the number of the page, from %s", async (firstPage) => {
    const first = firstPage ?? 1;
    const found = await scene().read(
      ({ query }, response) => send(response, pageAt((Number(query.page) - first) * 3)),
      { paging: "page", pageSize: 3, pageSizeParameter: "size", ...(firstPage === 0 && { firstPage }) },
    );
    expect(found).toEqual(ids);
    const asked = scene()
      .requests()
      .map(({ query }) => query);
    expect(asked).toEqual([0, 1, 2, 3].map((page) => ({ size: "3", page: String(page + first) })));
  });

  test("by an offset, whatever number of rows the server chooses", async () => {
    const respond = ({ query }: SeenRequest, response: Parameters<typeof send>[0]) =>
      send(response, { items: pageAt(Number(query.skip)) });
    expect(await scene().read(respond, { paging: "offset", pageParameter: "skip", rows: "/items" })).toEqual(
      ids,
    );
  });

  test.each([null, "", false, undefined])("by a cursor, until it is %s", async (end) => {
    const found = await scene().read(
      ({ query }, response) => {
        const from = Number(query.after ?? 0);
        send(response, { data: { list: pageAt(from) }, meta: { next: from + 3 < 7 ? from + 3 : end } });
      },
      { paging: "cursor", pageParameter: "after", rows: "/data/list", cursorPath: "/meta/next" },
    );
    expect(found).toEqual(ids);
  });

  test("a cursor keeps its digits and its characters", async () => {
    const cursors = ["12345678901234567890123", '"a b&c=%2F/ü"', '"\\u0041"'];
    const found = await scene().read(
      ({ query }, response) => {
        const index = ["12345678901234567890123", "a b&c=%2F/ü", "A"].indexOf(query.cursor ?? "") + 1;
        send(response, `{"rows": [{"id": ${index}}], "next": ${cursors[index] ?? "null"}}`);
      },
      { paging: "cursor", rows: "/rows", cursorPath: "/next" },
    );
    expect(found).toEqual([["0"], ["1"], ["2"], ["3"]]);
  });

  test.each(["/rows?from=", "?from=", `http://127.0.0.1:PORT/rows?from=`])(
    "by the Link header, and by an address in the response: %s",
    async (reference) => {
      const address = (from: number) => reference.replace("PORT", String(scene().api.port)) + from;
      const linked = await scene().read(
        ({ query }, response) => {
          const from = Number(query.from ?? 0);
          const next = from + 3 < 7 ? `<${address(from + 3)}>; rel="next", ` : "";
          send(response, pageAt(from), { link: `${next}</rows>; rel="first"; title="a, b; <c>"` });
        },
        { paging: "link" },
      );
      expect(linked).toEqual(ids);
      const found = await scene().read(
        ({ query }, response) => {
          const from = Number(query.from ?? 0);
          send(response, { rows: pageAt(from), next: from + 3 < 7 ? address(from + 3) : null });
        },
        { paging: "next", rows: "/rows", cursorPath: "/next" },
      );
      expect(found).toEqual(ids);
    },
  );
});

test("values stay as they are: digits, exponents, texts, and rows over several lines", async () => {
  const body =
    '\ufeff{"rows" : [\n {"a": 12345678901234567890.123456789,\r\n "b": "x\\ny \\u00fc"}\n, {"a":\t0.10, "b": "\\"]}"}]}\n';
  const found = await scene().read((_, response) => send(response, body), {
    rows: "/rows",
    columnTypes: { a: "DECIMAL(38,9)" },
  });
  expect(found).toEqual([
    ["12345678901234567890.123456789", "x\ny ü"],
    ["0.100000000", '"]}'],
  ]);
});

describe("FailedPrecondition SOURCE_DATA_INVALID: an API without an end, or with more than is read", () => {
  const invalid = (message: string) => ({
    code: Code.FailedPrecondition,
    reason: "SOURCE_DATA_INVALID",
    message: expect.stringContaining(message),
  });
  test.each([
    [
      "a cursor that comes again",
      { paging: "cursor", rows: "/rows", cursorPath: "/next" },
      "its pages have no end",
    ],
    ["a page that comes again", { paging: "page", rows: "/rows" }, 'may not know the parameter "page"'],
    [
      "an address that comes again",
      { paging: "next", rows: "/rows", cursorPath: "/next" },
      "its pages have no end",
    ],
    ["a Link header that is not followed", { rows: "/rows" }, "set settings.paging to link"],
    [
      "a cursor that is a list",
      { paging: "cursor", rows: "/rows", cursorPath: "/rows" },
      "a text or a number",
    ],
    ["an address that is a number", { paging: "next", rows: "/rows", cursorPath: "/total" }, "no address"],
  ])("%s", async (_, settings, message) => {
    const call = scene().read(
      (__, response) =>
        send(response, { rows, next: "/rows?from=3", total: 7 }, { link: '</rows?from=3>; rel="next"' }),
      settings,
    );
    expect(await failureOf(call)).toMatchObject(invalid(message));
  });

  test("ResourceExhausted EXECUTION_LIMIT: more pages than settings.pagesMax", async () => {
    let page = 0;
    const call = scene().read(
      (_, response) => {
        page += 1;
        send(response, { rows, next: `p${page}` });
      },
      { paging: "cursor", rows: "/rows", cursorPath: "/next", pagesMax: 5 },
    );
    expect(await failureOf(call)).toMatchObject({
      code: Code.ResourceExhausted,
      reason: "EXECUTION_LIMIT",
      message: "the API has more than 5 pages: settings.pagesMax allows no more",
    });
    expect(scene().requests()).toHaveLength(5);
  });
});

test("reuseSeconds: rows that were read answer the next statement", async () => {
  await scene().read((_, response) => send(response, rows), { reuseSeconds: 600 });
  await scene().read((_, response) => send(response, []), { reuseSeconds: 600 });
  expect(scene().requests()).toHaveLength(0);
});
