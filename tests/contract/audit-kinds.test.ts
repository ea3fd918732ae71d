import { readFile } from "node:fs/promises";
import { join } from "node:path";
import { expect, test } from "vitest";
import { approvalKinds } from "../../services/identity/audit/approval-kinds.ts";
import { identityKinds } from "../../services/identity/audit/kinds.ts";
import { storageKinds } from "../../services/identity/audit/storage-kinds.ts";

test("docs/api.md lists every kind of audit event, in order, and no other", async () => {
  const page = await readFile(join(import.meta.dirname, "../../docs/api.md"), "utf8");
  const listed = [...tableOf(page, "Kind").matchAll(/^\| `([a-z_.]+)` +\| /gm)].map(([, kind]) => kind);
  expect(listed).toEqual([...identityKinds, ...approvalKinds, ...storageKinds].sort());
});

/** The rows of the table whose first column has this title: the page has others. */
const tableOf = (page: string, title: string): string =>
  page.slice(page.indexOf(`| ${title} `)).split("\n\n", 1)[0] ?? "";
