import { z } from "zod";
import type { Env } from "../../services/lib/settings/env.ts";
import { type CompatApi, compatApis } from "./compat-api.ts";

/** The value for no API at all. An empty setting counts as unset, so it stands for all of them. */
const none = "none";

/**
 * The setting that chooses among compat APIs: comma-separated names, or `none`; all by default.
 * @internal Exported for tests, whose compat API is a sample.
 */
export const compatEnv = (apis: readonly CompatApi[]) => ({
  COMPAT_APIS: z
    .string()
    .default(apis.map(({ system }) => system).join(","))
    .transform((text) => (text === none ? [] : text.split(",").flatMap((name) => name.trim() || [])))
    .refine(
      (names) => names.every((name) => apis.some(({ system }) => system === name)),
      `must be names with commas between, of ${apis.map(({ system }) => system).join(", ") || "none that there are"}`,
    )
    .transform((names) => apis.filter(({ system }) => names.includes(system))),
});

export const standardCompatEnv = compatEnv(compatApis);

/** Problems of settings that contradict each other. */
export function compatProblems({ COMPAT_APIS, COMPAT_ADDRESS }: Env, apis = compatApis): string[] {
  const isServed = apis.length > 0 && COMPAT_APIS !== none;
  return isServed && !COMPAT_ADDRESS ? ["COMPAT_ADDRESS: is required where COMPAT_APIS names an API"] : [];
}
