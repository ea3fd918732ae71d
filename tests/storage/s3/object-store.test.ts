import { describe, expect, test } from "vitest";
import { createEncryptedStore } from "../../../services/storage/objects/encrypted/encrypted-store.ts";
import { forFile } from "../../lib/for-file.ts";
import { deletionSuite } from "../deletion-suite.ts";
import { objectStoreSuite } from "../object-store-suite.ts";
import { memoryKeys } from "../org-keys.ts";
import { openBucketUnderTest } from "./open-bucket.ts";
import { hasS3, s3Missing, startS3Server } from "./s3-server.ts";

describe.skipIf(!hasS3)(`S3${s3Missing}`, () => {
  const server = forFile(startS3Server);
  const open = () => openBucketUnderTest(server());

  objectStoreSuite("S3", open);

  objectStoreSuite("encrypted S3", async () => {
    const under = await open();
    const keys = memoryKeys();
    return {
      ...under,
      store: createEncryptedStore(under.store, keys),
      reopen: async () => createEncryptedStore(await under.reopen(), keys),
    };
  });

  const shared = forFile(open);
  deletionSuite("S3", () => () => shared().reopen());

  test("OK: a bucket lends nothing", async () => {
    await using under = await open();
    expect(under.store.lend).toBeUndefined();
  });
});
