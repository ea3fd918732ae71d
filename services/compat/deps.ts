import type { CdapDeps } from "./cdap/deps.ts";
import type { GatewayDeps } from "./gateway/deps.ts";

/** Dependencies of the handlers of all compat APIs. */
export type CompatDeps = CdapDeps & GatewayDeps;
