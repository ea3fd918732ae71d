import { readdir } from "node:fs/promises";
import { type DescFile, type DescMethod, type DescService, getOption, hasOption } from "@bufbuild/protobuf";
import { http } from "../../gen/google/api/annotations_pb.ts";
import type { HttpRule } from "../../gen/google/api/http_pb.ts";
import { type Access, access } from "../../gen/sluice/common/v1/options_pb.ts";

const contracts = new URL("../../proto/sluice/", import.meta.url);
const generated = new URL("../../gen/sluice/", import.meta.url);

/** Every service declared in proto/sluice. Contracts of the tests are in tests/proto. */
export async function allServices(): Promise<DescService[]> {
  const files = (await readdir(contracts, { recursive: true }))
    .filter((file) => file.endsWith(".proto"))
    .sort();
  const modules = await Promise.all(
    files.map((file) => import(new URL(file.replace(/\.proto$/, "_pb.ts"), generated).href)),
  );
  return modules.flatMap((module) => fileOf(module).services);
}

export async function allMethods(): Promise<DescMethod[]> {
  return (await allServices()).flatMap((service) => service.methods);
}

/** The methods of services behind the edge, without those that the edge implements itself. */
export async function serviceMethods(): Promise<DescMethod[]> {
  return (await allMethods()).filter(({ parent }) => !parent.typeName.startsWith("sluice.edge."));
}

export const fullName = (method: DescMethod): string => `${method.parent.typeName}.${method.name}`;

export function accessOf(method: DescMethod): Access["kind"] | undefined {
  return hasOption(method, access) ? getOption(method, access).kind : undefined;
}

export function bindingsOf(method: DescMethod): HttpRule[] {
  if (!hasOption(method, http)) return [];
  const rule = getOption(method, http);
  return [rule, ...rule.additionalBindings];
}

function fileOf(module: Record<string, unknown>): DescFile {
  const file = Object.entries(module).find(([name]) => name.startsWith("file_"))?.[1];
  if (!file) throw new Error("not a generated module");
  return file as DescFile;
}
