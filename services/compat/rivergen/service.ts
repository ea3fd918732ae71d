import type { GuardedService } from "../../lib/rpc/guard.ts";
import type { RivergenDeps } from "./deps.ts";
import { orchestrationServices } from "./orchestration-services.ts";
import { stagingServices } from "./staging-services.ts";
import { storageServices } from "./storage-services.ts";

/** Services of RiverGen's API. */
export const rivergenServices = (deps: RivergenDeps): GuardedService[] => [
  ...orchestrationServices(deps),
  ...storageServices(deps),
  ...stagingServices(deps),
];
