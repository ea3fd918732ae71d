import { expect, test } from "vitest";
import { redactLiterals } from "../../../services/orchestration/ai-context/redact-literals.ts";

test.each([
  ["postgresql", "select * from t where a = 'O''Hara' and b = 12", "select * from t where a = ? and b = ?"],
  ["postgresql", `select "it's" from t -- for Ann\nwhere n >= 1.5e3`, `select "it's" from t where n >= ?`],
  ["postgresql", "select E'a\\'b', $$c$$, $x$ $$ $x$ /* d */, col1", "select ?, ?, ? , col1"],
  ["postgresql", "select 'without an end", "select ?"],
  ["postgresql", "select /* a /* b */ 'c' */ 1", ""],
  ["mysql", `select "a\\"b", 'c\\'d', \`e"f\` from t # g`, 'select ?, ?, `e"f` from t'],
  ["sqlite", `select "a\\", 'b' from \`c'd\``, "select ?, ? from `c'd`"],
  ["file", "select 0x1F, .5, 1_000, ł1 from t", "select ?, ?, ?, ł1 from t"],
])("%s: %s", (connector, statement, redacted) => {
  expect(redactLiterals(statement, connector)).toBe(redacted);
});
