import { readdir, readFile } from "node:fs/promises";
import { dirname, join, posix } from "node:path";
import { parseSync } from "oxc-parser";

/** One import of a file or a package. Paths are relative to the repository's root. */
export type Import = {
  readonly from: string;
  readonly to: string;
  readonly isPackage: boolean;
  readonly line: number;
};

/** Folders of hand-written code. */
const codeFolders = ["services", "edge", "tools", "tests", "examples", "clients"];

/** Not read: installed packages, and AssemblyScript, which the parser refuses and whose files import only each other. */
const skipped = /(^|\/)node_modules\/|^services\/orchestration\/engine\/files\/csv\/kernel\//;

/** Reads the imports, type imports included, of all files in folders of `root`. Missing folders are skipped. */
export async function readImports(root: string, folders: readonly string[] = codeFolders): Promise<Import[]> {
  const imports: Import[] = [];
  for (const folder of folders) {
    const names = await readdir(join(root, folder), { recursive: true }).catch(emptyIfMissing);
    for (const name of names.filter((one) => one.endsWith(".ts")).sort()) {
      const from = posix.join(folder, name);
      if (skipped.test(from)) continue;
      imports.push(...importsOf(from, await readFile(join(root, from), "utf8")));
    }
  }
  return imports;
}

function emptyIfMissing(error: NodeJS.ErrnoException): string[] {
  if (error.code !== "ENOENT") throw error;
  return [];
}

function importsOf(from: string, text: string): Import[] {
  const { module, errors } = parseSync(from, text);
  if (errors.length > 0) throw new Error(`${from}: ${errors[0]?.message}`);
  const requests = [
    ...module.staticImports.map(({ moduleRequest }) => moduleRequest),
    ...module.staticExports.flatMap(({ entries }) =>
      entries.flatMap(({ moduleRequest }) => moduleRequest ?? []),
    ),
    ...module.dynamicImports.flatMap(({ moduleRequest: { start, end } }) => {
      const [, value] = /^["'](.*)["']$/s.exec(text.slice(start, end)) ?? [];
      return value === undefined ? [] : [{ value, start }];
    }),
  ];
  return requests.map(({ value, start }) => {
    const isPackage = !value.startsWith(".");
    const to = isPackage ? packageOf(value) : posix.join(dirname(from), value);
    return { from, to, isPackage, line: text.slice(0, start).split("\n").length };
  });
}

/** The package of `@scope/name/part` is `@scope/name`. */
function packageOf(specifier: string): string {
  const parts = specifier.split("/");
  return parts.slice(0, specifier.startsWith("@") ? 2 : 1).join("/");
}
