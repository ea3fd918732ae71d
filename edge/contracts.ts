import type { DescService } from "@bufbuild/protobuf";
import { exposedContracts } from "../gen/contracts.ts";

/** Services that callers of the edge may call. */
export const exposedServices: readonly DescService[] = exposedContracts.flatMap((file) => file.services);
