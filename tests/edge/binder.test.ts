import { type Message, toJson } from "@bufbuild/protobuf";
import { ConnectError } from "@connectrpc/connect";
import { describe, expect, test } from "vitest";
import { routesOf } from "../../edge/method/routes-of.ts";
import { bindBody, bindHead } from "../../edge/rest/request.ts";
import { createRouter } from "../../edge/rest/router.ts";
import { BadRequestSchema } from "../../gen/google/rpc/error_details_pb.ts";
import { EchoService } from "../../gen/sluice/test/v1/echo_pb.ts";

const router = createRouter(EchoService.methods.flatMap(routesOf));

type Sent = {
  body?: string | Uint8Array;
  contentType?: string | undefined;
  headers?: Record<string, string>;
};

/** The bound request message, as JSON. */
function bind(line: string, sent: Sent = {}) {
  const [httpMethod = "", url = ""] = line.split(" ");
  const [path = "", rawQuery = ""] = url.split("?");
  const found = router.find(httpMethod, path);
  if (found.kind !== "found") throw new Error(`no route for ${line}`);
  const { route, segments } = found;
  const head = { segments, rawQuery, header: (name: string) => sent.headers?.[name] };
  const contentType = "contentType" in sent ? sent.contentType : "application/json";
  const body = sent.body === undefined ? undefined : { bytes: Buffer.from(sent.body), contentType };
  const message: Message = bindBody(route, bindHead(route, head), body);
  return toJson(route.method.input, message);
}

/** The invalid fields of an error. */
function refusal(work: () => unknown): [field: string, description: string][] {
  try {
    work();
  } catch (error) {
    if (!(error instanceof ConnectError)) throw error;
    const [details] = error.findDetails(BadRequestSchema);
    if (!details) throw error;
    return details.fieldViolations.map(({ field, description }) => [field, description]);
  }
  throw new Error("it was not refused");
}

const look = "GET /test/v1/look/n";

describe("query", () => {
  test.each([
    ["page_size=3", { pageSize: 3 }],
    ["pageSize=3", { pageSize: 3 }],
    ["flag=true", { flag: true }],
    ["tags=a&tags=b&tags=", { tags: ["a", "b", ""] }],
    ["tags=a%26b+c", { tags: ["a&b c"] }],
    ["colour=COLOUR_RED", { colour: "COLOUR_RED" }],
    ["colour=2", { colour: "COLOUR_BLUE" }],
    ["colours=COLOUR_RED&colours=2", { colours: ["COLOUR_RED", "COLOUR_BLUE"] }],
    ["inner.text=x&inner.inner.number=4", { inner: { text: "x", inner: { number: 4 } } }],
    ["labels[env]=prod&labels[a.b]=c", { labels: { env: "prod", "a.b": "c" } }],
    ["labels%5Benv%5D=prod", { labels: { env: "prod" } }],
    ["since_time=2026-01-02T03:04:05Z", { sinceTime: "2026-01-02T03:04:05Z" }],
    ["wait=1.5s", { wait: "1.500s" }],
    ["readMask=name,pageSize", { readMask: "name,pageSize" }],
    ["read_mask=name,page_size,inner.inner_text", { readMask: "name,pageSize,inner.innerText" }],
    ["maybe_text=", { maybeText: "" }],
    ["maybe_flag=false", { maybeFlag: false }],
    ["maybeNumber=0", { maybeNumber: 0 }],
    ["token=aGk_-w==", { token: "aGk/+w==" }],
    ["token=aGk/+w==", { token: "aGk/+w==" }],
    ["big_number=18446744073709551615", { bigNumber: "18446744073709551615" }],
    ["ratio=1.5e3", { ratio: 1500 }],
    ["ratio=NaN", { ratio: "NaN" }],
    ["other=7", { other: 7 }],
    ["&&page_size=1&", { pageSize: 1 }],
  ])("OK: %s", (query, expected) => {
    expect(bind(`${look}?${query}`)).toEqual({ name: "n", ...expected });
  });

  test.each([
    ["nothing=1", "nothing", /not a query parameter/],
    ["inner=x", "inner", /not a query parameter/],
    ["inners.text=x", "inners.text", /not a query parameter/],
    ["inner.nothing=x", "inner.nothing", /not a query parameter/],
    ["labels=x", "labels", /not a query parameter/],
    ["tags[0]=x", "tags[0]", /not a query parameter/],
    ["since_time.seconds=1", "since_time.seconds", /not a query parameter/],
    ["page_size=x", "page_size", /int32/],
    ["page_size=", "page_size", /int32/],
    ["page_size=1.5", "page_size", /int32/],
    ["page_size=3000000000", "page_size", /int32/],
    ["page_size=1&pageSize=2", "page_size", /is in the query twice/],
    ["labels[a]=1&labels[a]=2", "labels[a]", /is in the query twice/],
    ["flag=yes", "flag", /must be true or false/],
    ["flag=", "flag", /must be true or false/],
    ["maybe_flag=1", "maybe_flag", /must be true or false/],
    ["colour=GREEN", "colour", /GREEN/],
    ["colours=GREEN", "colours", /GREEN/],
    ["since_time=yesterday", "since_time", /./],
    ["wait=long", "wait", /./],
    ["big_number=-1", "big_number", /./],
    ["big_number=18446744073709551616", "big_number", /./],
    ["token=*", "token", /base64/],
    ["tags=%zz", "tags", /% that no two/],
    ["tags=%00", "tags", /NUL/],
    ["%ff=1", "%ff", /UTF-8/],
    ["name=m", "name", /is set by path and query/],
    ["one=a&other=1", "choice", /oneof/],
  ])("InvalidArgument: %s", (query, field, description) => {
    const [violation] = refusal(() => bind(`${look}?${query}`));
    expect(violation?.[0]).toBe(field);
    expect(violation?.[1]).toMatch(description);
  });
});

describe("path", () => {
  test.each([
    ["GET /test/v1/look/a%2Fb", { name: "a/b" }],
    ["GET /test/v1/look/%252F", { name: "%2F" }],
    ["GET /test/v1/look/urn:isbn:1", { name: "urn:isbn:1" }],
    ["GET /test/v1/look/%2e%2e", { name: ".." }],
    ["GET /test/v1/look:all", {}],
    ["GET /test/v1/paths/a/b%2Fc/d%20e", { name: "a/b%2Fc/d e" }],
    ["GET /test/v1/paths", {}],
    ["GET /test/v1/downloads/12", { bytes: "12" }],
  ])("OK: %s", (line, expected) => {
    expect(bind(line)).toEqual(expected);
  });

  test.each([
    ["GET /test/v1/look/%zz", "name"],
    ["GET /test/v1/look/%00", "name"],
    ["GET /test/v1/look/%ff", "name"],
    ["GET /test/v1/paths/a/../b", "name"],
    ["GET /test/v1/paths/%2E%2E/b", "name"],
    ["GET /test/v1/paths/a%5Cb", "name"],
    ["GET /test/v1/downloads/x", "bytes"],
  ])("InvalidArgument: %s", (line, field) => {
    expect(refusal(() => bind(line))[0]?.[0]).toBe(field);
  });
});

describe("body", () => {
  const echo = "POST /test/v1/echo";
  const item = "PATCH /test/v1/items/7";

  test.each<[string, string, Sent, unknown]>([
    [
      "the whole, in both spellings",
      echo,
      { body: '{"text":"x","small_number":1,"bigNumber":"2"}' },
      { text: "x", smallNumber: 1, bigNumber: "2" },
    ],
    ["no body at all", echo, {}, {}],
    ["an empty body without a type", echo, { body: "", contentType: undefined }, {}],
    ["a body without a type", echo, { body: '{"text":"x"}', contentType: undefined }, { text: "x" }],
    [
      "a type with a charset",
      echo,
      { body: '{"text":"x"}', contentType: "application/json; charset=UTF-8" },
      { text: "x" },
    ],
    [
      "an integer as a number",
      echo,
      { body: '{"bigNumber":9007199254740991}' },
      { bigNumber: "9007199254740991" },
    ],
    ["nulls", echo, { body: '{"text":null,"inner":null}' }, {}],
    ["one field", item, { body: '{"displayName":"x"}' }, { item: { itemId: "7", displayName: "x" } }],
    [
      "one field, the path's value repeated",
      item,
      { body: '{"itemId":"7","displayName":"x"}' },
      { item: { itemId: "7", displayName: "x" } },
    ],
    [
      "the rest in the query",
      `${item}?updateMask=displayName`,
      { body: '{"displayName":"x"}' },
      { item: { itemId: "7", displayName: "x" }, updateMask: "displayName" },
    ],
    [
      "a header's field",
      item,
      { body: "{}", headers: { "if-match": '"e1"' } },
      { item: { itemId: "7", etag: "e1" } },
    ],
    ["any etag", item, { body: "{}", headers: { "if-match": "*" } }, { item: { itemId: "7" } }],
    [
      "the same etag twice",
      item,
      { body: '{"etag":"e1"}', headers: { "if-match": "e1" } },
      { item: { itemId: "7", etag: "e1" } },
    ],
    [
      "bytes as they are",
      "POST /test/v1/mirror",
      { body: new Uint8Array([0, 255]), contentType: "image/png" },
      { contentType: "image/png", data: "AP8=" },
    ],
  ])("OK: %s", (_, line, sent, expected) => {
    expect(bind(line, sent)).toEqual(expected);
  });

  const deep = (levels: number) => `${'{"inner":'.repeat(levels)}{}${"}".repeat(levels)}`;

  test.each<[string, string, Sent, [string, RegExp][]]>([
    ["malformed JSON", echo, { body: '{"text":' }, [["body", /is not JSON/]]],
    ["another kind of JSON", echo, { body: "[]" }, [["body", /must be an object/]]],
    ["an unknown field", echo, { body: '{"nothing":1}' }, [["nothing", /is not a field/]]],
    [
      "an unknown field within",
      echo,
      { body: '{"inner":{"inner":{"x":1}}}' },
      [["inner.inner.x", /is not a field/]],
    ],
    [
      "wrong types, all of them",
      echo,
      { body: '{"text":1,"smallNumber":"x","inners":[{},{"number":true}]}' },
      [
        ["text", /string/],
        ["small_number", /int32/],
        ["inners[1].number", /int32/],
      ],
    ],
    [
      "a wrong value in a map",
      echo,
      { body: '{"byName":{"a":{"number":"x"}}}' },
      [['by_name["a"].number', /int32/]],
    ],
    ["a list that is none", echo, { body: '{"inners":{}}' }, [["inners", /Array/]]],
    ["an unknown enum value", echo, { body: '{"colour":"GREEN"}' }, [["colour", /^"GREEN" is none of /]]],
    ["a key twice", echo, { body: '{"text":"a","text":"b"}' }, [["text", /more than once/]]],
    [
      "a key twice, escaped",
      echo,
      { body: '{"inner":{"text":"a","te\\u0078t":"b"}}' },
      [["inner.text", /more than once/]],
    ],
    [
      "a field twice in both spellings",
      echo,
      { body: '{"smallNumber":1,"small_number":1}' },
      [["small_number", /multiple times/]],
    ],
    [
      "an integer that a double would change",
      echo,
      { body: '{"bigNumber":9007199254740993}' },
      [["bigNumber", /2\^53/]],
    ],
    ["too many levels", echo, { body: deep(100) }, [["body", /deeper than 100/]]],
    ["another encoding", echo, { body: new Uint8Array([0x22, 0xff, 0x22]) }, [["body", /UTF-8/]]],
    ["a query beside the whole body", `${echo}?text=x`, { body: "{}" }, [["text", /belongs into the body/]]],
    [
      "a query that sets the body's field",
      `${item}?item.displayName=x`,
      { body: "{}" },
      [["item.display_name", /belongs into the body/]],
    ],
    ["a body where none is taken", look, { body: "{}" }, [["body", /must be empty/]]],
    [
      "a body that contradicts the path",
      item,
      { body: '{"itemId":"8"}' },
      [["item.item_id", /another one in the body than in path/]],
    ],
    [
      "a body that contradicts a header",
      item,
      { body: '{"etag":"e2"}', headers: { "if-match": '"e1"' } },
      [["item.etag", /the header if-match/]],
    ],
  ])("InvalidArgument: %s", (_, line, sent, expected) => {
    const found = refusal(() => bind(line, sent));
    expect(found.map(([field]) => field)).toEqual(expected.map(([field]) => field));
    for (const [index, [, description]] of expected.entries()) expect(found[index]?.[1]).toMatch(description);
  });

  test("OK: 99 levels", () => {
    expect(() => bind(echo, { body: deep(98) })).not.toThrow();
  });

  test("UnsupportedMediaType: a form where JSON is expected", () => {
    const sent = { body: "a=b", contentType: "application/x-www-form-urlencoded" };
    expect(() => bind(echo, sent)).toThrow("the body must be application/json");
  });
});
