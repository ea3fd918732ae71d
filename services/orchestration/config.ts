import { totalmem } from "node:os";
import ipaddr from "ipaddr.js";
import { z } from "zod";
import { serviceSettings } from "../lib/process/service-settings.ts";
import { type Env, grpcAddress, serviceEnv } from "../lib/settings/env.ts";
import { parseMeshEnv } from "../lib/tls/tls-settings.ts";

import { type Protection, protections } from "./confinement/layers.ts";
import type { Network } from "./connectors/network/address-guard.ts";
import type { MemoryLimits } from "./engine/memory-watch.ts";
import { nicenessDefault } from "./engine/processes/process-priority.ts";
import { receiversSetting } from "./lineage/forward/receiver.ts";

/** Comma-separated CIDRs such as `10.0.0.0/8, ::1/128`. Default: none. */
const networks = z
  .string()
  .default("")
  .transform((text, context): Network[] => {
    try {
      const names = text.split(",").map((name) => name.trim());
      return names.filter((name) => name !== "").map((name) => ipaddr.parseCIDR(name));
    } catch {
      context.addIssue({ code: "custom", message: "must be comma-separated CIDRs, as 10.0.0.0/8, ::1/128" });
      return z.NEVER;
    }
  });

const folderForm = /^([A-Za-z0-9_-]{1,63})=(\/.*)$/;

/** Comma-separated folders such as `shop=/srv/shop`. Default: none. */
const sourceFolders = z
  .string()
  .default("")
  .transform((text, context): ReadonlyMap<string, string> => {
    const entries = text.split(",").map((entry) => entry.trim());
    const found = entries.filter((entry) => entry !== "").map((entry) => folderForm.exec(entry));
    const folders = new Map(found.map((match) => [match?.[1] ?? "", match?.[2] ?? ""]));
    if (found.every((match) => match !== null) && folders.size === found.length) return folders;
    context.addIssue({
      code: "custom",
      message: "must be comma-separated names and absolute paths, as shop=/srv/shop; each name once",
    });
    return z.NEVER;
  });

const mebibyte = 1024 ** 2;

/** Memory of one engine process, and the minimum with which Node and DuckDB start and work. */
const engineProcessMiB = 1536;
const engineMemoryMinMiB = 1024;

/** Default: half of the memory of the machine, or of its container. */
const engineMemoryMiB = (): number => {
  const machineBytes = Math.min(totalmem(), process.constrainedMemory() || Number.POSITIVE_INFINITY);
  return Math.max(engineMemoryMinMiB, Math.floor(machineBytes / 2 / mebibyte));
};

const engineMemory = z
  .string()
  .regex(/^\d{1,9}$/, "must be a number of MiB")
  .transform(Number)
  .refine((value) => value >= engineMemoryMinMiB, `must be ${engineMemoryMinMiB} (MiB) or more`)
  .optional();

const engineNiceness = z
  .string()
  .regex(/^1?\d$/, "must be a number from 0 to 19")
  .transform(Number)
  .optional();

const preparedCache = z
  .string()
  .regex(/^\d{1,9}$/, "must be a number of MiB")
  .transform(Number)
  .refine((value) => value >= 1, "must be 1 (MiB) or more")
  .optional();

/** Seconds, up to 30 days; 0 for none. */
const resultCacheTtl = z
  .string()
  .regex(/^\d{1,7}$/, "must be a number of seconds")
  .transform(Number)
  .refine((value) => value <= 2_592_000, "must be 2592000 (30 days) or less")
  .default(86_400);

const resultCacheTimeout = z
  .string()
  .regex(/^\d{1,5}$/, "must be a number of milliseconds")
  .transform(Number)
  .refine((value) => value >= 1, "must be 1 (ms) or more")
  .default(200);

const transferMiBDefault = 4096;
/** Rows that one statement may move from its sources. */
const transferRowsMax: number = 100_000_000;

const transfer = z
  .string()
  .regex(/^\d{1,9}$/, "must be a number of MiB")
  .transform(Number)
  .refine((value) => value >= 1, "must be 1 (MiB) or more")
  .default(transferMiBDefault);

const requiredProtections = z
  .string()
  .default("")
  .transform((text, context): readonly Protection[] => {
    const names = text.split(",").map((name) => name.trim());
    const wanted = names.filter((name) => name !== "");
    if (wanted.includes("all")) return protections;
    const known = protections.filter((name) => wanted.includes(name));
    if (known.length === new Set(wanted).size) return known;
    context.addIssue({ code: "custom", message: `must be all, or some of ${protections.join(", ")}` });
    return z.NEVER;
  });

const orchestrationEnv = serviceEnv.extend({
  ORCHESTRATION_DIR: z.string("is required: a folder of this process's own").min(1),
  IDENTITY_ADDRESS: grpcAddress,
  STORAGE_ADDRESS: grpcAddress,
  STORAGE_DIR: z.string().optional(),
  SOURCE_ADDRESS_ALLOW: networks,
  OPENLINEAGE_ADDRESS_ALLOW: networks,
  openlineage_receivers: receiversSetting,
  SOURCE_FOLDERS: sourceFolders,
  ENGINE_MEMORY_MIB: engineMemory,
  ENGINE_NICENESS: engineNiceness,
  PREPARED_CACHE_MIB: preparedCache,
  TRANSFER_MIB: transfer,
  RESULT_CACHE_TTL: resultCacheTtl,
  RESULT_CACHE_TIMEOUT_MS: resultCacheTimeout,
  ENGINE_CONFINEMENT_REQUIRED: requiredProtections,
});

export type OrchestrationConfig = ReturnType<typeof parseConfig>;

/** Reads the settings of an orchestration process; throws a ConfigError with every problem. */
export function parseConfig(env: Env) {
  const settings = parseMeshEnv(orchestrationEnv, env);
  return Object.freeze({
    ...serviceSettings(settings),
    grpcListen: settings.GRPC_LISTEN,
    dataDirectory: settings.ORCHESTRATION_DIR,
    identityAddress: settings.IDENTITY_ADDRESS,
    storageAddress: settings.STORAGE_ADDRESS,
    /** Storage's folder of files. Undefined where this process cannot read it. */
    storageDirectory: settings.STORAGE_DIR,
    engineMemory: memoryLimitsOf(settings.ENGINE_MEMORY_MIB ?? engineMemoryMiB()),
    engineNiceness: settings.ENGINE_NICENESS ?? nicenessDefault,
    /** Undefined: derived from the size of the disk. */
    preparedCacheBytes: settings.PREPARED_CACHE_MIB && settings.PREPARED_CACHE_MIB * mebibyte,
    /** What a statement over the catalog may move from its sources. */
    transferLimits: Object.freeze({
      bytesMax: settings.TRANSFER_MIB * mebibyte,
      rowsMax: transferRowsMax,
    }),
    resultCache: Object.freeze({
      /** Lifetime of a kept result; 0 to keep none. */
      ttlMs: settings.RESULT_CACHE_TTL * 1000,
      /** How long a call waits for the cache's answer. */
      timeoutMs: settings.RESULT_CACHE_TIMEOUT_MS,
    }),
    engineProtectionsRequired: settings.ENGINE_CONFINEMENT_REQUIRED,
    sourceAddressAllow: settings.SOURCE_ADDRESS_ALLOW,
    /** Receivers of OpenLineage events, and the networks that they may be in. */
    lineageReceivers: settings.openlineage_receivers,
    lineageAddressAllow: settings.OPENLINEAGE_ADDRESS_ALLOW,
    /** Folders whose files can be sources of every organisation, by name. */
    sourceFolders: settings.SOURCE_FOLDERS,
  });
}

const memoryLimitsOf = (totalMiB: number): MemoryLimits => ({
  totalBytes: totalMiB * mebibyte,
  processBytes: Math.min(engineProcessMiB, totalMiB) * mebibyte,
});
