import { z } from "zod";
import { serviceSettings } from "../lib/process/service-settings.ts";
import { type Env, grpcAddress, secretKey, serviceEnv } from "../lib/settings/env.ts";
import { parseMeshEnv } from "../lib/tls/tls-settings.ts";
import { parseS3Credentials, parseS3Location } from "./objects/s3/s3-location.ts";

export type StorageConfig = ReturnType<typeof parseConfig>;

const mebibyte = 1024 * 1024;
const weekSeconds = 7 * 24 * 60 * 60;
const yearSeconds = 366 * 24 * 60 * 60;

const wholeNumber = (least: number, most: number) =>
  z
    .string()
    .regex(/^\d{1,16}$/, `must be a number from ${least} to ${most}`)
    .transform(Number)
    .refine((value) => value >= least && value <= most, `must be a number from ${least} to ${most}`);

/** Keys of 32 bytes each, separated by commas or white space. */
const previousKeys = z
  .string()
  .transform((text) => text.split(/[\s,]+/).filter((key) => key !== ""))
  .pipe(z.array(secretKey));

const storageEnv = serviceEnv.extend({
  STORAGE_DIR: z.string("is required: the folder that holds the files' bytes"),
  STORAGE_S3_URL: z
    .string()
    .transform(
      (url, context) =>
        parseS3Location(url) ??
        refuse(context, "must be https://host/bucket, with /prefix and ?region= at most"),
    )
    .optional(),
  storage_s3_credentials: z
    .string()
    .transform((text, context) => parseS3Credentials(text) ?? refuse(context, "must be access:secret"))
    .optional(),
  LENT_FILES_DIR: z.string().optional(),
  PUBLIC_URL: z
    .url({ protocol: /^https?$/, error: "must be the platform's address, as https://sluice.example.org" })
    .transform((url) => url.replace(/\/+$/, ""))
    .default(""),
  cache_url: z
    .url({
      protocol: /^rediss?$/,
      error: "must be the address of a Redis or Valkey, as redis://:password@127.0.0.1:6379",
    })
    .optional(),
  CACHE_MIB: wholeNumber(1, 2 ** 32).default(1024),
  CACHE_ORG_MIB: wholeNumber(1, 2 ** 32).default(64),
  VECTOR_ENGINE: z.enum(["auto", "exact", "pgvector"], "must be auto, exact or pgvector").default("auto"),
  VECTOR_CACHE_MIB: wholeNumber(10, 2 ** 32).default(512),
  url_signing_key: secretKey,
  url_signing_key_previous: secretKey.optional(),
  IDENTITY_ADDRESS: grpcAddress,
  storage_master_key: secretKey.optional(),
  storage_master_key_previous: previousKeys.optional(),
  STORAGE_RESERVE_MIB: wholeNumber(0, 2 ** 32).optional(),
  STORAGE_COPY_DIR: z.string().optional(),
  SCRUB_INTERVAL: wholeNumber(0, yearSeconds).default(weekSeconds),
  SCRUB_BYTES_PER_SECOND: wholeNumber(1, 2 ** 40).default(32 * mebibyte),
  ORCHESTRATION_ADDRESS: grpcAddress,
});

function refuse(context: z.RefinementCtx, message: string): never {
  context.addIssue({ code: "custom", message });
  return z.NEVER;
}

/** A bucket needs its credentials, and credentials a bucket. */
function s3Problems(set: Env): string[] {
  const hasCredentials = set.storage_s3_credentials !== undefined;
  if (set.STORAGE_S3_URL !== undefined && !hasCredentials)
    return [
      "storage_s3_credentials: is required with STORAGE_S3_URL: access:secret, in the secret of this name",
    ];
  if (set.STORAGE_S3_URL === undefined && hasCredentials)
    return ["STORAGE_S3_URL: is required with storage_s3_credentials, as https://host/bucket"];
  return [];
}

/** A previous key has no use without a current one. */
const keyProblems = (set: Env): string[] =>
  set.storage_master_key_previous !== undefined && set.storage_master_key === undefined
    ? ["storage_master_key: is required beside storage_master_key_previous"]
    : [];

/** Parses the settings of a storage process. Throws a ConfigError that lists every problem. */
export function parseConfig(env: Env) {
  const settings = parseMeshEnv(storageEnv, env, (set) => [...keyProblems(set), ...s3Problems(set)]);
  const { STORAGE_S3_URL: s3, storage_s3_credentials: credentials } = settings;
  return Object.freeze({
    ...serviceSettings(settings),
    grpcListen: settings.GRPC_LISTEN,
    storageDirectory: settings.STORAGE_DIR,
    /** Where objects are stored instead of the folder, if anywhere. */
    storageS3: s3 && credentials && { location: s3, credentials },
    /** Folder of files that orchestration lends; undefined if this process cannot read it. */
    lentFilesDirectory: settings.LENT_FILES_DIR,
    /** Public URL of the platform; empty if the operator has not set it. */
    publicUrl: settings.PUBLIC_URL,
    cache: Object.freeze({
      url: settings.cache_url,
      orgBytes: settings.CACHE_ORG_MIB * mebibyte,
      totalBytes: settings.CACHE_MIB * mebibyte,
    }),
    /** Whether pgvector is used: if the database has it, never, or always. */
    vectorEngine: settings.VECTOR_ENGINE,
    /** Memory for vectors that are compared one by one. */
    vectorCacheBytes: settings.VECTOR_CACHE_MIB * mebibyte,
    identityAddress: settings.IDENTITY_ADDRESS,
    orchestrationAddress: settings.ORCHESTRATION_ADDRESS,
    /** 32 bytes. */
    urlSigningKey: Buffer.from(settings.url_signing_key, "base64"),
    /** 32 bytes in base64; undefined if new content is stored as it is. */
    masterKey: settings.storage_master_key,
    /** Keys that only decrypt, in base64. */
    previousMasterKeys: settings.storage_master_key_previous ?? [],
    /** Free bytes of the disk below which no content is stored; undefined for the default. */
    reserveBytes:
      settings.STORAGE_RESERVE_MIB === undefined ? undefined : settings.STORAGE_RESERVE_MIB * mebibyte,
    /** Folder with a second copy of the objects; undefined if there is none. */
    copyDirectory: settings.STORAGE_COPY_DIR,
    scrubSchedule: {
      intervalMs: settings.SCRUB_INTERVAL * 1000,
      bytesPerSecond: settings.SCRUB_BYTES_PER_SECOND,
    },
    /** Another key whose signed URLs are accepted; undefined for none. */
    urlSigningKeyPrevious:
      settings.url_signing_key_previous === undefined
        ? undefined
        : Buffer.from(settings.url_signing_key_previous, "base64"),
  });
}
