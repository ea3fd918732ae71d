import { readdir, readFile } from "node:fs/promises";
import { join } from "node:path";
import type { DescMethod } from "@bufbuild/protobuf";
import { parseSync } from "oxc-parser";
import { expect, test } from "vitest";
import { compatApis } from "../../edge/dialects/compat-api.ts";
import { serviceNameOf } from "../../services/lib/values/service-name.ts";
import { serviceMethods } from "../lib/contracts.ts";

const root = join(import.meta.dirname, "../..");
const methods = await serviceMethods();
const compatMethods = compatApis.flatMap(({ system, services }) =>
  services.flatMap((service) => service.methods.map((method) => ({ system, method }))),
);

/** `GetApiKey` is `get-api-key`. */
const fileNameOf = ({ name }: DescMethod): string => name.replace(/(?<!^)[A-Z]/g, "-$&").toLowerCase();

const handlerOf = (method: DescMethod): string =>
  `services/${serviceNameOf(method.parent)}/rpc/${fileNameOf(method)}.ts`;

async function filesIn(folder: string): Promise<string[]> {
  const entries = await readdir(join(root, folder), { recursive: true, withFileTypes: true });
  return entries
    .filter((entry) => entry.isFile())
    .map(({ parentPath, name }) => join(parentPath, name).slice(root.length + 1));
}

/** Exported names of a file, types excluded. */
async function exportsOf(file: string): Promise<string[]> {
  const { module } = parseSync(file, await readFile(join(root, file), "utf8"));
  const entries = module.staticExports.flatMap((statement) => statement.entries);
  return entries.filter(({ isType }) => !isType).map(({ exportName }) => exportName.name ?? exportName.kind);
}

test("every method of the contracts has a handler file of its name, and rpc/ holds no other file", async () => {
  const folders = [...new Set(methods.map(({ parent }) => `services/${serviceNameOf(parent)}/rpc`))];
  const handlers = (await Promise.all(folders.map(filesIn))).flat();
  expect(handlers.sort()).toEqual(methods.map(handlerOf).sort());
});

test("every handler file exports the method by its name, and nothing else", async () => {
  const exported = await Promise.all(
    methods.map(async (method) => [handlerOf(method), await exportsOf(handlerOf(method))]),
  );
  expect(exported).toEqual(methods.map((method) => [handlerOf(method), [method.localName]]));
});

test("every method of the contracts has a test file of its name", async () => {
  const tests = new Set(await filesIn("tests"));
  const wanted = methods.map(
    (method) => `tests/${serviceNameOf(method.parent)}/${fileNameOf(method)}.test.ts`,
  );
  expect(wanted.filter((file) => !tests.has(file))).toEqual([]);
});

test("every method of a compat API has a handler file of its name, which exports it and nothing else", async () => {
  const wanted = compatMethods.map(({ system, method }) => [
    `services/compat/${system}/rpc/${fileNameOf(method)}.ts`,
    [method.localName],
  ]);
  const folders = compatApis.map(({ system }) => `services/compat/${system}/rpc`);
  const files = (await Promise.all(folders.map(filesIn))).flat().sort();
  const exported = await Promise.all(files.map(async (file) => [file, await exportsOf(file)]));
  expect(exported).toEqual(wanted.sort());
});
