import { PassThrough } from "node:stream";
import { text } from "node:stream/consumers";
import { Code } from "@connectrpc/connect";
import { expect, test } from "vitest";
import type { ColumnBatch } from "../../services/orchestration/connectors/sql/row-source.ts";
import { writeRows } from "../../services/orchestration/connectors/sql/write-rows.ts";
import { failureOf } from "./orchestration.ts";

async function write(...batches: ColumnBatch[]): Promise<{ rowCount: number | undefined; lines: string }> {
  const pipe = new PassThrough();
  const lines = text(pipe);
  async function* all() {
    yield* batches;
  }
  const { signal } = new AbortController();
  const rowCount = await writeRows({ batches: all() }, pipe, signal).finally(() => pipe.end());
  return { rowCount, lines: await lines };
}

test("OK: batches become lines, whose values are quoted unless they are null", async () => {
  const written = await write(
    {
      rowCount: 2,
      columns: [
        ["1", null],
        ['a"b', "\\N"],
      ],
    },
    { rowCount: 0, columns: [[], []] },
    { rowCount: 1, columns: [[""], ["x,\ny"]] },
  );
  expect(written).toEqual({ rowCount: 3, lines: '"1","a""b"\n\\N,"\\N"\n"","x,\ny"\n' });
});

test.each([
  ["one byte", "x", 32],
  ["three bytes", "€", 11],
])("ResourceExhausted: a row above 32 MiB, of characters of %s", async (_, character, mebi) => {
  const value = character.repeat(mebi * 1024 ** 2);
  expect(await failureOf(write({ rowCount: 1, columns: [[value]] }))).toMatchObject({
    code: Code.ResourceExhausted,
    reason: "EXECUTION_LIMIT",
  });
});
