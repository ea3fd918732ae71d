import { execFile } from "node:child_process";
import { chown, mkdir } from "node:fs/promises";
import { join } from "node:path";
import { promisify } from "node:util";
import { expect, test } from "vitest";
import { isRoot, openFolder } from "../../all-in-one/postgres-fixtures.ts";

const plainUser = 54_322;
const program = join(import.meta.dirname, "extract-by-pipe.ts");
const run = promisify(execFile);
const ids = isRoot ? { uid: plainUser, gid: plainUser } : {};
const environment = { PATH: process.env.PATH };

/** The checkout's folder may be private to its owner. */
const canRead = await run(process.execPath, ["--check", program], { ...ids, env: environment }).then(
  () => true,
  () => false,
);

// Without a readable program the tests are skipped.
test.runIf(canRead)("OK: a plain user queries files, and extracts what comes through a pipe", async () => {
  await using folder = await openFolder();
  const own = join(folder.path, "own");
  await mkdir(own);
  if (isRoot) await chown(own, plainUser, plainUser);
  const { stdout } = await run(process.execPath, [program, own], { ...ids, env: environment });
  expect(JSON.parse(stdout)).toEqual({
    queried: {
      kind: "queried",
      isRepeatable: true,
      result: { columns: [{ name: "sum(n)", dataType: "HUGEINT" }], rows: [["3"]], truncated: false },
    },
    extracted: "n\n1\n2\n3\n",
  });
});
