import type { CdapDeps } from "./cdap/deps.ts";
import type { GatewayDeps } from "./gateway/deps.ts";
import type { RivergenDeps } from "./rivergen/deps.ts";

/** Dependencies of the handlers of all compat APIs. */
export type CompatDeps = CdapDeps &
  GatewayDeps & {
    /** Undefined where RiverGen's API is not served. */
    readonly rivergen: RivergenDeps | undefined;
  };
