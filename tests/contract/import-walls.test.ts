import { execFile } from "node:child_process";
import { cp, mkdir, readFile, writeFile } from "node:fs/promises";
import { dirname, join } from "node:path";
import { describe, expect, test } from "vitest";
import { checkImports } from "../../tools/imports/check.ts";
import { redraw } from "../../tools/imports/draw.ts";
import { readImports } from "../../tools/imports/read-imports.ts";
import { temporaryFolder } from "../lib/test-mesh.ts";

/** The problems found in a tree with these files. */
async function problemsOf(files: Readonly<Record<string, string>>): Promise<string[]> {
  await using folder = await temporaryFolder();
  for (const [path, text] of Object.entries(files)) {
    await mkdir(join(folder.path, dirname(path)), { recursive: true });
    await writeFile(join(folder.path, path), text);
  }
  return await checkImports(folder.path);
}

const importing = (specifier: string) =>
  `import { planted } from "${specifier}";\nexport const used = planted;\n`;

const planted = (folder: string, text: string) => problemsOf({ [`${folder}/planted.ts`]: text });

test.each([
  ["a service imports another service", "services/storage", "../identity/run.ts"],
  ["an RPC imports another service", "services/storage/rpc", "../../identity/run.ts"],
  ["a service imports the edge", "services/storage", "../../edge/run.ts"],
  ["a service imports the root", "services/storage", "../all-in-one/run.ts"],
  ["a service imports a tool", "services/storage", "../../tools/imports/walls.ts"],
  ["a service imports a test", "services/storage/deep/down", "../../../../tests/lib/test-mesh.ts"],
  ["the library imports a service", "services/lib", "../storage/run.ts"],
  ["the embedded server imports a service", "services/all-in-one/postgres", "../../storage/run.ts"],
  ["the edge imports a service", "edge/rest", "../../services/storage/run.ts"],
  ["an RPC imports drizzle", "services/storage/rpc", "drizzle-orm"],
  ["an RPC imports a part of drizzle", "services/storage/rpc", "drizzle-orm/postgres-js"],
  ["an RPC imports the driver", "services/storage/rpc", "postgres"],
  ["a service imports the driver of pg-boss", "services/storage", "pg"],
  ["the library imports the driver of pg-boss", "services/lib/database", "pg"],
  ["a test imports the driver of pg-boss", "tests/storage", "pg"],
  ["an RPC imports a schema", "services/storage/rpc", "../schema.ts"],
  ["a compat API imports a driver", "services/compat/sample/rpc", "postgres"],
  ["a compat API imports a service", "services/compat/sample", "../../storage/run.ts"],
  ["an RPC imports grpc-js", "services/storage/rpc", "@grpc/grpc-js"],
  ["an e2e test imports a service", "tests/e2e", "../../services/lib/settings/env.ts"],
  ["an e2e test imports the edge", "tests/e2e", "../../edge/run.ts"],
])("refused: %s", async (_, folder, specifier) => {
  expect(await planted(folder, importing(specifier))).toEqual([
    expect.stringMatching(new RegExp(`^${folder}/planted\\.ts:1: may not import \\S+: \\S`)),
  ]);
});

test.each([
  ["for its types", 'import type { A } from "../identity/run.ts";\nexport type B = A;\n'],
  ["to pass it on", 'export { a } from "../identity/run.ts";\n'],
  ["to pass all of it on", 'export * from "../identity/run.ts";\n'],
  ["when it is needed", 'export const a = () => import("../identity/run.ts");\n'],
])("refused: a service imports another one %s", async (_, text) => {
  expect(await planted("services/storage", text)).toHaveLength(1);
});

test.each([
  ["a service imports its own parts", "services/storage/rpc", "../repository.ts"],
  ["a service imports a contract", "services/storage", "../../gen/sluice/identity/v1/auth_pb.ts"],
  ["the edge imports the library", "edge/rest", "../../services/lib/rpc/errors.ts"],
  ["a repository imports drizzle", "services/storage", "drizzle-orm"],
  ["the queues import the driver of pg-boss", "services/lib/jobs", "pg"],
  ["the root imports the edge", "services/all-in-one", "../../edge/run.ts"],
])("allowed: %s", async (_, folder, specifier) => {
  expect(await planted(folder, importing(specifier))).toEqual([]);
});

describe("circles", () => {
  test("refused: between files, of types alone, over three of them", async () => {
    const file = (next: string) => `import type { T } from "./${next}.ts";\nexport type U = T;\n`;
    expect(
      await problemsOf({
        "tests/lib/a.ts": file("b"),
        "tests/lib/b.ts": file("c"),
        "tests/lib/c.ts": file("a"),
        "tests/lib/d.ts": file("a"),
      }),
    ).toEqual(["circle of files: tests/lib/a.ts, tests/lib/b.ts, tests/lib/c.ts"]);
  });

  test("refused: between rooms, where no file is in a circle", async () => {
    expect(
      await problemsOf({
        "edge/rest/a.ts": importing("../http/b.ts"),
        "edge/http/b.ts": "export const planted = 1;\n",
        "edge/http/c.ts": importing("../rest/d.ts"),
        "edge/rest/d.ts": "export const planted = 1;\n",
      }),
    ).toEqual(["circle of rooms in edge: http/, rest/"]);
  });

  test("refused: between a room of a service and a file at its root", async () => {
    expect(
      await problemsOf({
        "services/sixth/deps.ts": importing("./upload/a.ts"),
        "services/sixth/upload/a.ts": "export const planted = 1;\n",
        "services/sixth/upload/b.ts": importing("../deps.ts"),
        "services/sixth/run.ts": importing("./deps.ts"),
      }),
    ).toEqual(["circle of rooms in services/sixth: deps.ts, upload/"]);
  });
});

test("OK: this tree keeps to its walls, and has no circles", async () => {
  expect(await checkImports(process.cwd())).toEqual([]);
});

test.each(["edge", "services/lib", "services/orchestration", "services/orchestration/engine"])(
  "OK: docs/architecture.md draws the rooms of %s as they are",
  async (folder) => {
    const page = await readFile("docs/architecture.md", "utf8");
    const [drawing] = new RegExp(`<!-- rooms of ${folder} -->\n.*?->.*?\n\`\`\``, "s").exec(page) ?? [];
    expect(drawing).toBeDefined();
    expect(drawing).toBe(redraw(drawing ?? "", await readImports(process.cwd())));
  },
);

test("refused by Biome: a service reads the environment", async () => {
  await using folder = await temporaryFolder();
  await cp("biome.json", join(folder.path, "biome.json"));
  const file = "services/storage/planted.ts";
  await mkdir(join(folder.path, dirname(file)), { recursive: true });
  await writeFile(join(folder.path, file), "export const a = process.env.A;\n");
  const found = await lint(folder.path);
  expect(found.filter(({ location }) => location?.path === file)).toMatchObject([
    { category: "lint/style/noProcessEnv" },
  ]);
});

type Diagnostic = { category: string; location?: { path: string } };

function lint(folder: string): Promise<Diagnostic[]> {
  const args = ["lint", "--vcs-enabled=false", "--reporter=json", "--max-diagnostics=none", "."];
  return new Promise((resolve, reject) => {
    execFile("biome", args, { cwd: folder }, (error, stdout) => {
      // Biome exits with 1 when it finds a problem.
      if (error && error.code !== 1) reject(error);
      else resolve(JSON.parse(stdout).diagnostics);
    });
  });
}
