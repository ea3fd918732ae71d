import type { Logger } from "../../lib/telemetry/log.ts";
import type { Confinement } from "./find-confinement.ts";
import { type Protection, protections } from "./layers.ts";

/** Logs the protections of the engines. Throws if a protection that the operator requires is missing. */
export function checkConfinement({ holds }: Confinement, required: readonly Protection[], log: Logger): void {
  const lacking = protections.filter((protection) => !holds.has(protection));
  const report = { holds: [...holds], lacking };
  if (lacking.length === 0) log.info(report, "engines are confined");
  else log.warn(report, "engines are confined in part only: this platform lacks the rest");
  const missing = required.filter((protection) => !holds.has(protection));
  if (missing.length === 0) return;
  throw new Error(
    `ENGINE_CONFINEMENT_REQUIRED asks for ${missing.join(", ")}, which this platform does not give: ` +
      `it gives ${holds.size > 0 ? [...holds].join(", ") : "none"}`,
  );
}
