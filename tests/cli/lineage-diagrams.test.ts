import { create } from "@bufbuild/protobuf";
import fc from "fast-check";
import { expect, test } from "vitest";
import { dotLines, mermaidLines } from "../../cli/lineage/diagrams.ts";
import { lineageTree } from "../../cli/lineage/lineage-tree.ts";
import { GetLineageResponseSchema, LineageKind } from "../../gen/sluice/orchestration/v1/lineage_pb.ts";

const graphOf = (names: { table: string; job: string; column: string }) =>
  create(GetLineageResponseSchema, {
    nodes: [
      { entityId: "1", kind: LineageKind.JOB, name: names.job },
      { entityId: "2", kind: LineageKind.TABLE, name: names.table },
    ],
    edges: [
      {
        fromEntityId: "2",
        toEntityId: "1",
        columns: [
          { fromColumn: names.column, toColumn: "total", transformation: "AGGREGATION" },
          { fromColumn: "status", toColumn: "", transformation: "FILTER", indirect: true },
        ],
      },
    ],
  });
const graph = graphOf({ table: 'a "b"]', job: "<b>`x`\n%%", column: "p|q;" });

test("OK: a Mermaid flowchart, with names as entities", () => {
  expect(mermaidLines(graph, true)).toEqual([
    "flowchart LR",
    '  n0(["job #60;b#62;#96;x#96;#92;n#37;#37;"])',
    '  n1["table a #34;b#34;#93;"]',
    '  n1 -->|"p#124;q#59; → total #40;aggregation#41;<br>status → all columns #40;filter#41;"| n0',
  ]);
  expect(mermaidLines(graph, false).at(-1)).toBe("  n1 --> n0");
});

test("OK: a digraph of Graphviz, with quotes and backslashes escaped", () => {
  expect(dotLines(graph, true)).toEqual([
    "digraph lineage {",
    "  rankdir=LR",
    '  n0 [shape=ellipse, label="job <b>`x`\\\\n%%"]',
    '  n1 [shape=box, label="table a \\"b\\"]"]',
    '  n1 -> n0 [label="p|q; → total (aggregation)\\nstatus → all columns (filter)"]',
    "}",
  ]);
});

test("OK: a tree, with the columns of each step", () => {
  expect(lineageTree("1", graph, "upstream", true)).toEqual([
    "job <b>`x`\\n%%  1",
    '└── table a "b"]  2',
    "    ├── p|q; → total (aggregation)",
    "    └── status → all columns (filter)",
  ]);
});

test("OK: no name of a stranger leaves its label", () => {
  const anyText = fc.string({ unit: "binary", minLength: 1 });
  const names = fc.record({ table: anyText, job: anyText, column: anyText });
  fc.assert(
    fc.property(names, (given) => {
      const mermaid = mermaidLines(graphOf(given), true);
      expect(mermaid).toHaveLength(4);
      for (const line of mermaid.slice(1)) {
        const label = /^[^"]*"([^"]*)"[^"]*$/.exec(line)?.[1];
        expect(label?.replace("<br>", "")).toMatch(/^([\p{L}\p{N} .,:/→-]|#\d+;)*$/u);
      }
      const dot = dotLines(graphOf(given), true);
      expect(dot).toHaveLength(6);
      for (const line of dot.slice(2, 5)) expect(line).toMatch(/^[^"]*"([^"\\]|\\.)*"\]$/su);
    }),
  );
});
