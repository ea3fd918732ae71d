import { z } from "zod";
import type { Env } from "../../lib/settings/env.ts";
import { grpcAddress } from "../../lib/settings/env.ts";

const addressNames = ["ORCHESTRATION_ADDRESS", "STORAGE_ADDRESS", "STAGING_ADDRESS"] as const;

/** Settings of RiverGen's API. */
export const rivergenEnv = {
  /** As the edge has it: only whether it names RiverGen matters here. */
  COMPAT_APIS: z.string().default(""),
  ORCHESTRATION_ADDRESS: grpcAddress.optional(),
  STORAGE_ADDRESS: grpcAddress.optional(),
  STAGING_ADDRESS: grpcAddress.optional(),
  RIVERGEN_STAGING: z.enum(["on", "off"], "must be on or off").default("on"),
};

const isServed = (apis: string | undefined): boolean =>
  (apis ?? "").split(",").some((name) => name.trim() === "rivergen");

/** Problems of settings that contradict each other. */
export const rivergenProblems = (env: Env): string[] =>
  isServed(env.COMPAT_APIS)
    ? addressNames.flatMap((name) =>
        env[name] ? [] : [`${name}: is required where COMPAT_APIS names rivergen`],
      )
    : [];

/** Where RiverGen's API finds the services, and whether it stages. */
export type RivergenConfig = {
  readonly orchestrationAddress: string;
  readonly storageAddress: string;
  readonly stagingAddress: string;
  readonly stages: boolean;
};

/** Undefined where the API is not served. */
export function rivergenOf(
  read: { readonly [name in (typeof addressNames)[number]]?: string | undefined } & {
    readonly COMPAT_APIS: string;
    readonly RIVERGEN_STAGING: "on" | "off";
  },
): RivergenConfig | undefined {
  const { ORCHESTRATION_ADDRESS, STORAGE_ADDRESS, STAGING_ADDRESS, RIVERGEN_STAGING } = read;
  if (!isServed(read.COMPAT_APIS) || !ORCHESTRATION_ADDRESS || !STORAGE_ADDRESS || !STAGING_ADDRESS) {
    return undefined;
  }
  return {
    orchestrationAddress: ORCHESTRATION_ADDRESS,
    storageAddress: STORAGE_ADDRESS,
    stagingAddress: STAGING_ADDRESS,
    stages: RIVERGEN_STAGING === "on",
  };
}
