import { randomBytes } from "node:crypto";
import { expect } from "vitest";
import { ContentEncryptionService } from "../../gen/sluice/storage/v1/encryption_pb.ts";
import type { TestDatabase } from "../lib/test-database.ts";
import type { RunningService } from "../lib/test-mesh.ts";
import { startStorageIn } from "./fixtures.ts";
import { platformAdmin } from "./scrub-fixtures.ts";

export const newMasterKey = (): string => randomBytes(32).toString("base64");

type Keys = { readonly masterKey?: string; readonly previousMasterKeys?: readonly string[] };

/** Storage on a database and a folder that exist, with these keys. */
export function startWithKeys(
  database: Pick<TestDatabase, "urls">,
  directory: string,
  { masterKey, previousMasterKeys = [] }: Keys = {},
): Promise<RunningService> {
  const settings = { masterKey, previousMasterKeys: [...previousMasterKeys] };
  return startStorageIn(database, directory, {}, undefined, undefined, settings);
}

export const encryptionOf = (service: RunningService) =>
  service.client(ContentEncryptionService, platformAdmin).getContentEncryption({});

/** Waits until no key needs a previous master key. */
export const untilRemovable = (service: RunningService): Promise<void> =>
  expect.poll(async () => (await encryptionOf(service)).previousRemovable, { timeout: 30_000 }).toBe(true);

/** Waits until content that was stored before is encrypted, too. */
export const untilPlainIsEncrypted = (service: RunningService): Promise<void> =>
  expect
    .poll(async () => (await encryptionOf(service)).plainContentEncrypted, { timeout: 30_000 })
    .toBe(true);
