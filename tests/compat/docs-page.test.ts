import { readFileSync } from "node:fs";
import { join } from "node:path";
import type { DescMethod } from "@bufbuild/protobuf";
import { expect, test } from "vitest";
import { cdapFeatures } from "../../edge/dialects/cdap-features.ts";
import { type CompatApi, compatApis } from "../../edge/dialects/compat-api.ts";
import { routesOf } from "../../edge/method/routes-of.ts";
import { fullName, serviceMethods } from "../lib/contracts.ts";

const root = join(import.meta.dirname, "../..");
const page = readFileSync(join(root, "docs/compat.md"), "utf8");
const natives = await serviceMethods();

/** A row of the page's tables: the path, the method that serves it, and the methods that the handler calls. */
type Row = { readonly path: string; readonly method: string; readonly calls: readonly string[] };

const rowsOf = (system: string): Row[] =>
  [...page.matchAll(/^\| `([A-Z]+ \/[^`]*)` *\| `([^`]+)` *\| ([^|]*)\|(?: [^|]*\|)?$/gm)]
    .map(([, path = "", method = "", calls = ""]) => ({
      path,
      method,
      calls: [...calls.matchAll(/`([^`]+)`/g)].map(([, name = ""]) => name).sort(),
    }))
    .filter(({ method }) => method.startsWith(`compat.${system}.`));

const fileNameOf = ({ name }: DescMethod): string => name.replace(/(?<!^)[A-Z]/g, "-$&").toLowerCase();

/** Sluice's methods that the source of a handler calls, as `UserService.GetUser`. */
function callsOf({ system }: CompatApi, method: DescMethod): string[] {
  const source = readFileSync(join(root, `services/compat/${system}/rpc/${fileNameOf(method)}.ts`), "utf8");
  const called = [...source.matchAll(/\b(\w+)\.(\w+)\(/g)].map(([, , name]) => name);
  const names = natives
    .filter(({ localName }) => called.includes(localName))
    .map(({ parent, name }) => `${parent.name}.${name}`);
  return [...new Set(names)].sort();
}

test.each(compatApis.map((api) => [api.system, api] as const))(
  "OK: the page maps every path of %s to its method, and that to what it calls",
  (_, api) => {
    const rows = api.services.flatMap(({ methods }) =>
      methods.flatMap((method) =>
        routesOf(method).map(({ httpMethod, template }) => ({
          path: `${httpMethod} ${template.text}`,
          method: fullName(method),
          calls: callsOf(api, method),
        })),
      ),
    );
    expect(rowsOf(api.system)).toEqual(rows);
  },
);

/** Methods that say something of the API's own process. */
const withoutCalls = [
  "compat.rivergen.v1.HealthService.GetBanner",
  "compat.rivergen.v1.HealthService.GetHealth",
];

test("OK: every call of a handler is found", () => {
  const methods = compatApis.flatMap((api) =>
    api.services.flatMap((service) => service.methods.map((method) => [api, method] as const)),
  );
  const silent = methods.filter(([api, method]) => callsOf(api, method).length === 0);
  expect(silent.map(([, method]) => fullName(method))).toEqual(withoutCalls);
});

test("OK: the page names each part of CDAP that is not served, and whether it will be", () => {
  const listed = (start: string): string[] => {
    const item = page.slice(page.indexOf(start)).split(/\n(?! )/, 1)[0] ?? "";
    return [...item.matchAll(/`([^`]+)`/g)].map(([, name = ""]) => name);
  };
  expect(listed("- Without a counterpart in Sluice")).toEqual(cdapFeatures.none);
  expect(listed("- Follows with the catalog")).toEqual(cdapFeatures.later);
});
