import { create, equals, toJson } from "@bufbuild/protobuf";
import { ConnectError } from "@connectrpc/connect";
import fc from "fast-check";
import { expect, test } from "vitest";
import { decodePercent, decodeQueryPart, decodeSegments } from "../../edge/codec/percent.ts";
import { routesOf } from "../../edge/method/routes-of.ts";
import { parseTemplate } from "../../edge/method/template.ts";
import { bindBody, bindHead } from "../../edge/rest/request.ts";
import { createRouter } from "../../edge/rest/router.ts";
import { FindBooksRequestSchema, LibraryService } from "../../gen/sluice/library/v1/library_pb.ts";
import { parseJson } from "../../services/lib/rpc/strict-json.ts";

const router = createRouter(LibraryService.methods.flatMap((method) => routesOf(method)));

function bind(httpMethod: string, path: string, rawQuery = "") {
  const found = router.find(httpMethod, path);
  if (found.kind !== "found") throw new Error(`no route for ${path}`);
  const head = { segments: found.segments, rawQuery, header: () => undefined };
  return bindBody(found.route, bindHead(found.route, head), undefined);
}

/** Text that a URL can contain: no NUL and no lone surrogates. */
const text = fc.string({ unit: "grapheme" }).filter((value) => value.isWellFormed() && !value.includes("\0"));
const segment = text.filter((value) => value !== "");

test("OK: what is percent-encoded into a segment comes out of the path as it was", () => {
  fc.assert(
    fc.property(segment, (isbn) => {
      expect(bind("GET", `/library/v1/isbn/${encodeURIComponent(isbn)}`)).toMatchObject({ isbn });
    }),
  );
});

test("OK: what is percent-encoded into several segments comes out, with its slashes as they were written", () => {
  const safe = segment.filter((value) => !/[\\/]|^\.\.?$/.test(value) && !/%2f/i.test(value));
  fc.assert(
    fc.property(fc.array(safe, { minLength: 1, maxLength: 5 }), (parts) => {
      const path = `/library/v1/files/${parts.map(encodeURIComponent).join("/")}`;
      expect(bind("GET", path)).toMatchObject({ path: parts.join("/") });
    }),
  );
});

test("OK: a message that is spelled as a query is bound to the same message", () => {
  const requests = fc.record({
    path: fc.constant("x"),
    shelf: text,
    pageSize: fc.integer({ min: -(2 ** 31), max: 2 ** 31 - 1 }),
    tags: fc.array(text),
    like: fc.record({ name: text, title: text, etag: text }),
    labels: fc.dictionary(
      text.filter((key) => key !== "__proto__"),
      text,
      { noNullPrototype: true },
    ),
  });
  fc.assert(
    fc.property(requests, ({ path, ...fields }) => {
      const query = new URLSearchParams([
        ["shelf", fields.shelf],
        ["pageSize", String(fields.pageSize)],
        ...fields.tags.map((tag) => ["tags", tag]),
        ...Object.entries(fields.like).map(([name, value]) => [`like.${name}`, value]),
        ...Object.entries(fields.labels).map(([key, value]) => [`labels[${key}]`, value]),
      ]);
      const bound = bind("GET", `/library/v1/files/${path}`, query.toString());
      const expected = create(FindBooksRequestSchema, { path, ...fields });
      expect(toJson(FindBooksRequestSchema, bound as typeof expected)).toEqual(
        toJson(FindBooksRequestSchema, expected),
      );
      expect(equals(FindBooksRequestSchema, bound as typeof expected, expected)).toBe(true);
    }),
  );
});

test("InvalidArgument: is all that any path or query can be refused with", () => {
  const piece = fc.constantFrom(
    "%",
    "%2",
    "%2F",
    "%00",
    "%ff",
    "%C3",
    "%25",
    "..",
    ".",
    "/",
    "\\",
    "a",
    "é",
    "+",
    "=",
    "&",
    "[",
    "]",
    "tags",
    "labels",
    "like.",
  );
  const raw = fc.array(piece, { maxLength: 12 }).map((parts) => parts.join(""));
  fc.assert(
    fc.property(raw, raw, (path, query) => {
      for (const decode of [decodePercent, decodeSegments, decodeQueryPart]) {
        try {
          decode(path);
        } catch (error) {
          expect((error as Error).name).toBe("PercentError");
        }
      }
      try {
        bind("GET", `/library/v1/files/${path}`, query);
      } catch (error) {
        expect(error).toBeInstanceOf(ConnectError);
        expect((error as ConnectError).rawMessage).toMatch(/: /);
      }
    }),
    { numRuns: 1000 },
  );
});

test("OK: a template says again what it was made of, and is found by the paths that it stands for", () => {
  const literal = fc.stringMatching(/^[a-z][a-z0-9._~-]{0,5}$/);
  const one = fc.constantFrom("*", "{a}", "{b=*}", "{c=x/*}");
  const templates = fc
    .record({
      first: literal,
      middle: fc.uniqueArray(fc.oneof(literal, one), { maxLength: 4 }),
      rest: fc.constantFrom("", "/**", "/{d=**}", "/{d=y/**}"),
      verb: fc.option(literal, { nil: undefined }),
    })
    .map(
      ({ first, middle, rest, verb }) => `/${[first, ...middle].join("/")}${rest}${verb ? `:${verb}` : ""}`,
    );
  fc.assert(
    fc.property(templates, segment, (spelled, value) => {
      const template = parseTemplate(spelled);
      const encoded = encodeURIComponent(value);
      const path = template.segments.map((part) => (part.kind === "literal" ? part.text : encoded)).join("/");
      const url = `/${path}${template.verb === undefined ? "" : `:${template.verb}`}`;
      const found = createRouter([{ httpMethod: "GET", template, name: spelled }]).find("GET", url);
      expect(found).toMatchObject({ kind: "found", segments: path.split("/") });
    }),
  );
});

test("InvalidArgument: is all that any JSON text can be refused with, and what is read is what JSON.parse reads", () => {
  fc.assert(
    fc.property(fc.oneof(fc.json(), fc.string()), (sent) => {
      try {
        expect(parseJson(sent)).toEqual(JSON.parse(sent));
      } catch (error) {
        expect(error).toBeInstanceOf(ConnectError);
      }
    }),
  );
});
