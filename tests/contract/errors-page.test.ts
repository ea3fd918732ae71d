import { readdir, readFile } from "node:fs/promises";
import { join } from "node:path";
import { Code, ConnectError } from "@connectrpc/connect";
import { expect, test } from "vitest";
import { encodeGoogleError } from "../../edge/dialects/google-error.ts";
import { ErrorReason, ErrorReasonSchema } from "../../gen/sluice/common/v1/errors_pb.ts";
import { failure } from "../../services/lib/rpc/errors.ts";

const root = join(import.meta.dirname, "../..");
const page = await readFile(join(root, "docs/errors.md"), "utf8");
const pageRows = page.split("\n").map(cellsOf);
const contract = await readFile(join(root, "proto/sluice/common/v1/errors.proto"), "utf8");

/** Matches calls of `failure` in the sources, with code and reason. */
const literalFailure = /\bfailure\(\s*Code\.(\w+),\s*ErrorReason\.(\w+)/g;

const titles = ["Reason", "Code", "HTTP status", "What it means", "What to do", "Metadata"];

const codes = Object.values(Code).filter((code) => typeof code === "number");
const reasons = ErrorReasonSchema.values.map(({ localName, number }) => ({
  name: localName,
  reason: number as ErrorReason,
}));

test("the page's table of reasons follows from the sources", async () => {
  const sent = await codesSent();
  const rows = reasons.map(({ name, reason }) => {
    const answers = (sent.get(name) ?? []).map((code) => encodeGoogleError(failure(code, reason, "")));
    const names = answers.map(({ body }) => `\`${body.error.status}\``);
    const statuses = [...new Set(answers.map(({ status }) => status))];
    return [`\`${name}\``, names.join(", "), statuses.join(", "), commentOf(name), ...byHand(name)];
  });
  const table = /^\| Reason .*\n(\|.*\n)+/m;
  expect(page).toMatch(table);
  const derived = page.replace(table, () => tableOf([titles, ...rows]));
  await expect(derived).toMatchFileSnapshot(join(root, "docs/errors.md"));
});

test("every reason says what a caller should do", () => {
  const silent = reasons.filter(({ name, reason }) => reason !== ErrorReason.UNSPECIFIED && !byHand(name)[0]);
  expect(silent).toEqual([]);
});

test.each(codes.map((code) => [Code[code], code] as const))(
  "the page has the HTTP status of %s",
  (_name, code) => {
    const { status, body } = encodeGoogleError(new ConnectError("", code));
    const row = pageRows.find(([names = ""]) => names.split(", ").includes(`\`${body.error.status}\``));
    expect(row?.[1]).toBe(String(status));
  },
);

/** The codes used with each reason. */
async function codesSent(): Promise<Map<string, Code[]>> {
  const sent = new Map<string, Code[]>();
  for (const text of await sources()) {
    for (const [, code, reason = ""] of text.matchAll(literalFailure)) {
      const known = sent.get(reason) ?? [];
      sent.set(
        reason,
        [...new Set([...known, Code[code as keyof typeof Code]])].sort((a, b) => a - b),
      );
    }
  }
  return sent;
}

async function sources(): Promise<string[]> {
  const folders = ["services", "edge"].map(async (folder) => {
    const files = await readdir(join(root, folder), { recursive: true });
    return files.filter((file) => file.endsWith(".ts")).map((file) => join(root, folder, file));
  });
  const files = (await Promise.all(folders)).flat();
  return Promise.all(files.map((file) => readFile(file, "utf8")));
}

function commentOf(name: string): string {
  const comment = new RegExp(`((?: *//.*\\n)+) *ERROR_REASON_${name} =`).exec(contract)?.[1] ?? "";
  return comment
    .replaceAll(/ *\/\/ */g, " ")
    .replaceAll("\n", "")
    .trim();
}

/** Text of the page about a reason: what to do, and the metadata. */
function byHand(name: string): [action: string, metadata: string] {
  const row = pageRows.find(([reason]) => reason === `\`${name}\``);
  return [row?.[4] ?? "", row?.[5] ?? ""];
}

/** Formats a Markdown table, each column as wide as its widest cell. */
function tableOf(rows: string[][]): string {
  const widths = titles.map((_, column) => Math.max(...rows.map((row) => row[column]?.length ?? 0)));
  const line = (cells: string[]) => `| ${cells.join(" | ")} |\n`;
  const [head = "", ...body] = rows.map((row) =>
    line(row.map((cell, column) => cell.padEnd(widths[column] ?? 0))),
  );
  return [head, line(widths.map((width) => "-".repeat(width))), ...body].join("");
}

function cellsOf(line: string): string[] {
  const cells = line.split("|").slice(1, -1);
  return cells.map((cell) => cell.trim());
}
