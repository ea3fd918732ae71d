import type { DescFile } from "@bufbuild/protobuf";
import { exposedServices } from "../../edge/contracts.ts";
import { accessOf } from "../../edge/method/access.ts";

/** What answers carry by its name only: no method's type leads there. */
const carriedByName = ["sluice.common.v1.ErrorReason", "sluice.common.v1.HttpHead"];

/** What clients need, by full names: the methods that the edge exposes, and all that they lead to. */
export const publicTypes: readonly string[] = [
  ...exposedServices.flatMap(({ typeName, methods }) =>
    methods.filter((method) => accessOf(method) !== "internal").map(({ name }) => `${typeName}.${name}`),
  ),
  ...carriedByName,
];

/**
 * The options that contracts are written with: what the mesh does by them a client need not know. Left in, they would
 * make each client register files that its other packages register, too.
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
