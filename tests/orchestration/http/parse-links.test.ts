import { expect, test } from "vitest";
import { parseLinks } from "../../../services/orchestration/connectors/http/parse-links.ts";

test.each([
  ['<a?x=1>; rel="next"', [{ target: "a?x=1", rels: ["next"] }]],
  ["<a>; rel=next", [{ target: "a", rels: ["next"] }]],
  [
    '<a>; rel="prev" , <b>; rel="next"',
    [
      { target: "a", rels: ["prev"] },
      { target: "b", rels: ["next"] },
    ],
  ],
  [
    '<a>; rel=preload; nopush, <b>; title="x, <y>; \\" z"; rel="last\tnext"',
    [
      { target: "a", rels: ["preload"] },
      { target: "b", rels: ["last", "next"] },
    ],
  ],
  ["<a>; rel=NEXT; rel=prev", [{ target: "a", rels: ["next"] }]],
  ["", []],
])("%s", (header, links) => {
  expect(parseLinks(header)).toEqual(links);
});

test.each([
  "a; rel=next",
  "<a; rel=next",
  '<a>; rel="next',
  "<a> rel=next",
  "<a>; rel=next <b>; rel=next",
  "<a b>; rel=next",
])("what is no Link header is refused: %s", (header) => {
  expect(parseLinks(header)).toBeUndefined();
});
