import type { GuardedService } from "../lib/rpc/guard.ts";
import { cdapServices } from "./cdap/service.ts";
import type { CompatDeps } from "./deps.ts";
import { gatewayServices } from "./gateway/service.ts";
import { rivergenServices } from "./rivergen/service.ts";

/** The services of all compat APIs, with authorisation and validation. */
export const compatServices = (deps: CompatDeps): GuardedService[] => [
  ...cdapServices(deps),
  ...gatewayServices(deps),
  ...(deps.rivergen ? rivergenServices(deps.rivergen) : []),
];
