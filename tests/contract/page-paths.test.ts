import { execFileSync } from "node:child_process";
import { existsSync, readFileSync } from "node:fs";
import { dirname, join } from "node:path";
import { expect, test } from "vitest";

/** Paths on the pages that are not of this tree. */
const elsewhere = new Set([
  // A folder in archives of macOS.
  "__MACOSX/",
]);

const tracked = execFileSync("git", ["ls-files"], { encoding: "utf8" }).trim().split("\n");

const foldersOf = (file: string): string[] => {
  const names = file.split("/").slice(0, -1);
  return names.map((_, depth) => `${names.slice(0, depth + 1).join("/")}/`);
};
const folders = new Set(tracked.flatMap(foldersOf));
const tree = `\n/${[...tracked, ...folders].join("\n/")}\n`;
const roots = new Set(tracked.filter((file) => file.includes("/")).map((file) => file.split("/", 1)[0]));

// The settings name folders of an installation, and the changes name files of earlier releases.
const pages = tracked.filter(
  (file) => /^(?:[^/]+|docs\/.+)\.md$/.test(file) && !["CHANGELOG.md", "docs/operations.md"].includes(file),
);

const extension = /\.(?:ts|md|proto|json|sql|yaml|binpb|wasm)$/;
const isPath = (text: string): boolean =>
  /^[\w<*][\w.<>*-]*(?:\/[\w.<>*-]+)*\/?$/.test(text) &&
  (extension.test(text) || text.endsWith("/") || roots.has(text.split("/", 1)[0]));

/** Whether the tree has the path, from its root or from any folder. `*` and `<name>` stand for one name or a part of it. */
function exists(path: string): boolean {
  const pattern = path.replaceAll(".", "\\.").replaceAll(/<[^>]*>|\*/g, "[^/\\n]+");
  return new RegExp(`/${pattern}/?\\n`).test(tree);
}

/** Paths in code spans, and in the drawings, which are indented. */
function pathsOf(line: string): string[] {
  const spans = [...line.matchAll(/`([^`\s]+)`/g)].map(([, text = ""]) => text);
  const drawn = line.startsWith("    ")
    ? line.split(/[\s,;()]+/).filter((word) => /\w(?:\/|\.ts)$/.test(word))
    : [];
  return [...spans, ...drawn].filter(isPath);
}

/** Targets of links to files, relative to the page. */
const linksOf = (line: string): string[] =>
  [...line.matchAll(/\]\(([^)#:]+)(?:#[^)]*)?\)/g)].map(([, target = ""]) => target);

/** `page:line: path` of each path that does not exist. */
function missingFrom(page: string, text: string): string[] {
  return text.split("\n").flatMap((line, index) => {
    const paths = pathsOf(line).filter((path) => !elsewhere.has(path) && !exists(path));
    const links = linksOf(line).filter((target) => !existsSync(join(dirname(page), target)));
    return [...paths, ...links].map((path) => `${page}:${index + 1}: ${path}`);
  });
}

test("OK: every path on the pages exists", () => {
  expect(pages).toContain("docs/architecture.md");
  expect(pages.flatMap((page) => missingFrom(page, readFileSync(page, "utf8")))).toEqual([]);
});

test.each([
  ["a file that was moved", "`edge/call/access-log.ts` was `edge/access-log.ts`", "edge/access-log.ts"],
  ["a file below a folder of a service", "`rpc/no-such-call.ts`", "rpc/no-such-call.ts"],
  ["a folder", "`edge/no-such-room/`", "edge/no-such-room/"],
  ["a path of a drawing", "    edge/    main.ts, no-such-room/ and rest/", "no-such-room/"],
  ["a link", "[walls](../tools/no-such-walls.ts)", "../tools/no-such-walls.ts"],
])("refused: %s", (_, text, path) => {
  expect(missingFrom("docs/planted.md", text)).toEqual([`docs/planted.md:1: ${path}`]);
});

test("OK: placeholders stand for names", () => {
  const text =
    "`services/<service>/rpc/<verb-noun>.ts`, `*-repository.ts`, `tests/<service>/<verb-noun>.test.ts`";
  expect(missingFrom("docs/planted.md", text)).toEqual([]);
});
