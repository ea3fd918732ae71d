import { existsSync, readdirSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { type DescFile, type DescMethod, getOption } from "@bufbuild/protobuf";
import { accessOf } from "../../edge/method/access.ts";
import { access } from "../../gen/sluice/common/v1/options_pb.ts";
import { serviceNameOf } from "../../services/lib/values/service-name.ts";
import { type Contract, printContracts, printServiceNames, printServiceTable } from "./print.ts";

const root = join(import.meta.dirname, "../..");

/** Packages of the product. The others in proto/ are imported from elsewhere. */
const packages = ["sluice", "compat"];

const contracts: Contract[] = [];
/** For each process that answers contracts, the processes that its internal methods are for. */
const callers = new Map<string, Set<string>>();
for (const path of packages.flatMap(protoFiles).sort()) {
  const module = `${path.replace(/\.proto$/, "")}_pb.ts`;
  const name = `file_${path.replace(/\.proto$/, "").replaceAll("/", "_")}`;
  const { [name]: file }: Record<string, DescFile> = await import(join(root, "gen", module));
  if (!file) throw new Error(`gen/${module} has no ${name}`);
  // Compat APIs are exposed one by one, as the setting COMPAT_APIS says: edge/dialects/compat-api.ts lists them.
  if (path.startsWith("sluice/") && isExposed(file)) contracts.push({ name, module });
  for (const service of file.services) {
    const name = serviceNameOf(service);
    callers.set(name, new Set([...(callers.get(name) ?? []), ...service.methods.flatMap(callersOf)]));
  }
}

/** The edge answers methods too, but is no service. */
const services = inOrder(
  [...callers.keys()].filter((name) => existsSync(join(root, "services", name, "run.ts"))).sort(),
);

write("gen/contracts.ts", printContracts(contracts));
write("gen/services.ts", printServiceNames(services, services.filter(hasTables)));
write("services/all-in-one/services.ts", printServiceTable(services));

function write(file: string, content: string): void {
  writeFileSync(join(root, file), content);
}

function protoFiles(folder: string): string[] {
  const path = join(root, "proto", folder);
  if (!existsSync(path)) return [];
  const names = readdirSync(path, { recursive: true, encoding: "utf8" });
  return names.filter((name) => name.endsWith(".proto")).map((name) => join(folder, name));
}

/** Whether callers of the edge may call a method of it. */
function isExposed({ services }: DescFile): boolean {
  return services.some(({ methods }) => methods.some((method) => accessOf(method) !== "internal"));
}

function hasTables(service: string): boolean {
  return existsSync(join(root, "services", service, "migrations"));
}

function callersOf(method: DescMethod): readonly string[] {
  const { kind } = getOption(method, access);
  return kind.case === "internal" ? kind.value.callers : [];
}

/** Each service after those that it calls. In a circle, the one that calls the fewest of the others comes first. */
function inOrder(names: readonly string[]): string[] {
  const ordered: string[] = [];
  const left = new Set(names);
  while (left.size > 0) {
    const called = (name: string) => [...left].filter((other) => callers.get(other)?.has(name)).length;
    const [next = ""] = [...left].sort((one, other) => called(one) - called(other));
    left.delete(next);
    ordered.push(next);
  }
  return ordered;
}
