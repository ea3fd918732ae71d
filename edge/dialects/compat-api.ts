import type { DescService } from "@bufbuild/protobuf";
import type { Dialect } from "./dialect.ts";

/**
 * The API of another system that the edge serves below paths of its own. The contract is compat.<system>.v1, with the
 * paths and the JSON names of that system; the process `compat` serves it as a client of the mesh.
 */
export type CompatApi = {
  /** As in the package, in the setting COMPAT_APIS, and in the path of the documents: `/compat/<system>/docs`. */
  readonly system: string;
  readonly title: string;
  readonly dialect: Dialect;
  readonly services: readonly DescService[];
};

/** Every compat API that there is, in alphabetical order. */
export const compatApis: readonly CompatApi[] = [];
