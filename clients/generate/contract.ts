import type { DescFile } from "@bufbuild/protobuf";
import { exposedServices } from "../../edge/contracts.ts";
import { accessOf } from "../../edge/method/access.ts";

/** Types that responses carry in google.protobuf.Any: no method refers to them. */
const carriedByName = ["sluice.common.v1.ErrorReason", "sluice.common.v1.HttpHead"];

/** Full names of the exposed methods and of the types above; clients get these and their dependencies. */
export const publicTypes: readonly string[] = [
  ...exposedServices.flatMap(({ typeName, methods }) =>
    methods.filter((method) => accessOf(method) !== "internal").map(({ name }) => `${typeName}.${name}`),
  ),
  ...carriedByName,
];

/**
 * Custom options of the contracts. Clients don't need them; kept, each client would register files that its other
 * packages register as well.
 */
export const contractOptions: readonly string[] = [...extensionsOf(exposedServices.map(({ file }) => file))];

function extensionsOf(files: readonly DescFile[], seen = new Set<DescFile>()): Set<string> {
  const names = new Set<string>();
  for (const file of files) {
    if (seen.has(file)) continue;
    seen.add(file);
    for (const { typeName } of file.extensions) names.add(typeName);
    for (const name of extensionsOf(file.dependencies, seen)) names.add(name);
  }
  return names;
}
