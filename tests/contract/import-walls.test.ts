import { execFile } from "node:child_process";
import { cp, mkdir, writeFile } from "node:fs/promises";
import { dirname, join } from "node:path";
import { beforeAll, expect, test } from "vitest";
import { temporaryFolder } from "../lib/test-mesh.ts";

const importing = (specifier: string) =>
  `import { planted } from "${specifier}";\nexport const used = planted;\n`;

/** What must be refused: title, folder, text and the rule that refuses it. */
const refused = [
  [
    "a service imports another service",
    "services/storage",
    importing("../identity/run.ts"),
    "noRestrictedImports",
  ],
  [
    "an RPC imports another service",
    "services/storage/rpc",
    importing("../../identity/run.ts"),
    "noRestrictedImports",
  ],
  ["a service imports the edge", "services/storage", importing("../../edge/run.ts"), "noRestrictedImports"],
  [
    "a service imports the root",
    "services/storage",
    importing("../all-in-one/run.ts"),
    "noRestrictedImports",
  ],
  ["the library imports a service", "services/lib", importing("../storage/run.ts"), "noRestrictedImports"],
  [
    "the edge imports a service",
    "edge/rest",
    importing("../../services/storage/run.ts"),
    "noRestrictedImports",
  ],
  ["an RPC imports drizzle", "services/storage/rpc", importing("drizzle-orm"), "noRestrictedImports"],
  ["an RPC imports the driver", "services/storage/rpc", importing("postgres"), "noRestrictedImports"],
  ["an RPC imports a schema", "services/storage/rpc", importing("../schema.ts"), "noRestrictedImports"],
  ["an RPC imports grpc-js", "services/storage/rpc", importing("@grpc/grpc-js"), "noRestrictedImports"],
  [
    "an e2e test imports a service",
    "tests/e2e",
    importing("../../services/lib/settings/env.ts"),
    "noRestrictedImports",
  ],
  ["an e2e test imports the edge", "tests/e2e", importing("../../edge/run.ts"), "noRestrictedImports"],
  [
    "a service reads the environment",
    "services/storage",
    "export const a = process.env.A;\n",
    "noProcessEnv",
  ],
] as const;

const allowed = [
  ["a service imports its own parts", "services/storage/rpc", importing("../repository.ts")],
  ["a service imports a contract", "services/storage", importing("../../gen/sluice/identity/v1/auth_pb.ts")],
  ["the edge imports the library", "edge/rest", importing("../../services/lib/rpc/errors.ts")],
  ["a repository imports drizzle", "services/storage", importing("drizzle-orm")],
] as const;

const reports = new Map<string, string[]>();

beforeAll(async () => {
  await using folder = await temporaryFolder();
  await cp("biome.json", join(folder.path, "biome.json"));
  const planted = [...refused, ...allowed].map(([title, directory, text]) => {
    const file = `${directory}/${title.replaceAll(" ", "-")}.ts`;
    return { title, file, text };
  });
  for (const { file, text } of planted) {
    await mkdir(join(folder.path, dirname(file)), { recursive: true });
    await writeFile(join(folder.path, file), text);
  }
  const found = await lint(folder.path);
  for (const { title, file } of planted) {
    reports.set(
      title,
      found.filter(({ location }) => location?.path === file).map(({ category }) => category),
    );
  }
});

test.each(refused)("refused: %s", (title, _directory, _text, rule) => {
  expect(reports.get(title)).toEqual([`lint/style/${rule}`]);
});

test.each(allowed)("allowed: %s", (title) => {
  expect(reports.get(title)).toEqual([]);
});

type Diagnostic = { category: string; location?: { path: string } };

function lint(folder: string): Promise<Diagnostic[]> {
  const args = ["lint", "--vcs-enabled=false", "--reporter=json", "--max-diagnostics=none", "."];
  return new Promise((resolve, reject) => {
    execFile("biome", args, { cwd: folder }, (error, stdout) => {
      // Biome ends with 1 when it finds something, and it has to.
      if (error && error.code !== 1) reject(error);
      else resolve(JSON.parse(stdout).diagnostics);
    });
  });
}
