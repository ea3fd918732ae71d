import { expect, test } from "vitest";
import { KeyService } from "../../gen/sluice/identity/v1/keys_pb.ts";
import { forFile } from "../lib/for-file.ts";
import { principal } from "../lib/test-mesh.ts";
import { failureOf, lacking, startIdentity } from "./fixtures.ts";

const identity = forFile(startIdentity);

test("OK: GetEncryptionStatus counts each kind; without a second key none can be removed", async () => {
  const keys = identity().client(KeyService, principal({ roles: ["platform-admin"] }));
  expect(await keys.getEncryptionStatus({})).toMatchObject({
    keyId: expect.stringMatching(/^[\w-]{16}$/),
    decryptionKeyId: "",
    kinds: [
      { kind: "secrets", total: 0n, pending: 0n },
      { kind: "signing_keys", total: 1n, pending: 0n },
    ],
    decryptionKeyRemovable: false,
  });
});

test("PermissionDenied: GetEncryptionStatus by an administrator of an organisation", async () => {
  const call = identity().client(KeyService, principal()).getEncryptionStatus({});
  expect(await failureOf(call)).toEqual(lacking("keys.read"));
});
