import { timestampDate } from "@bufbuild/protobuf/wkt";
import { drizzle } from "drizzle-orm/postgres-js";
import { decodeProtectedHeader } from "jose";
import { expect, test } from "vitest";
import { AuthService } from "../../gen/sluice/identity/v1/auth_pb.ts";
import { KeyService, SigningKey_State as State } from "../../gen/sluice/identity/v1/keys_pb.ts";
import { signAccessToken, verifyAccessToken } from "../../services/identity/credentials/access-token.ts";
import { createKeyRing, rotateSigningKeys } from "../../services/identity/credentials/key-ring.ts";
import { run } from "../../services/identity/run.ts";
import { createVault } from "../../services/identity/vault.ts";
import { forFile } from "../lib/for-file.ts";
import { principal, startService } from "../lib/test-mesh.ts";
import {
  bootstrapEmail,
  encryptionKey,
  failureOf,
  type Identity,
  identityConfig,
  lacking,
  logIn,
  startIdentity,
  verify,
} from "./fixtures.ts";

type Service = Pick<Identity, "client">;

const platformAdmin = principal({ roles: ["platform-admin"] });
const rotate = (service: Service) => service.client(KeyService, platformAdmin).rotateSigningKeys({});
const kidsOf = async (service: Service) =>
  (await service.client(AuthService, undefined).getJwks({})).keys.map(({ kid }) => kid);

test("OK: RotateSigningKeys logs nobody out, in any process, from the first key to the last token of it", async () => {
  await using identity = await startIdentity();
  const { sql } = identity.database;
  await using other = await startService(run, identityConfig(identity.database));
  /** Ages all keys. */
  const wait = (time: string) =>
    sql`update identity.signing_keys set create_time = create_time - ${time}::interval`;
  await wait("11 minutes");
  const before = await logIn(other, { email: bootstrapEmail });

  const { signingKeys, created } = await rotate(identity);
  expect(created).toBe(true);
  expect(signingKeys.map(({ state }) => state)).toEqual([State.SIGNING, State.PUBLISHED]);
  const [oldKid = "", newKid = ""] = signingKeys.map(({ kid }) => kid);
  const events =
    await sql`select details_json from identity.audit_events where kind = 'signing_keys.rotated'`;
  expect(events.map(({ details_json }) => JSON.parse(details_json))).toEqual([{ kid: newKid }]);
  // A process that starts now has both keys; the one with cached keys does not need the new one yet.
  {
    await using third = await startService(run, identityConfig(identity.database));
    expect(await kidsOf(third)).toEqual([oldKid, newKid]);
    expect(await verify(third, before.accessToken)).toMatchObject({ userId: identity.root.userId });
    const during = await logIn(third, { email: bootstrapEmail });
    expect(decodeProtectedHeader(during.accessToken).kid).toBe(oldKid);
    expect(await verify(other, during.accessToken)).toMatchObject({ userId: identity.root.userId });
  }
  expect((await rotate(other)).created, "the newest key does not sign yet").toBe(false);

  await wait("11 minutes");
  {
    await using signing = await startService(run, identityConfig(identity.database));
    const after = await logIn(signing, { email: bootstrapEmail });
    expect(decodeProtectedHeader(after.accessToken).kid).toBe(newKid);
    // `other` has cached the old key alone, and reads again for a key that it does not know.
    expect(await verify(other, after.accessToken)).toMatchObject({ userId: identity.root.userId });
    expect(await verify(signing, before.accessToken)).toMatchObject({ userId: identity.root.userId });
  }
  await wait("20 minutes");
  await using retired = await startService(run, identityConfig(identity.database));
  expect(await kidsOf(retired)).toEqual([newKid]);
  const { accessToken } = await retired
    .client(AuthService, undefined)
    .refreshToken({ refreshToken: before.refreshToken });
  expect(decodeProtectedHeader(accessToken).kid).toBe(newKid);
});

const identity = forFile(startIdentity);

test("OK: of racing rotations one creates a key", async () => {
  await identity().database.sql`
    update identity.signing_keys set create_time = create_time - interval '11 minutes'`;
  const answers = await Promise.all(Array.from({ length: 8 }, () => rotate(identity())));
  expect(answers.filter(({ created }) => created)).toHaveLength(1);
  expect(answers.every(({ signingKeys }) => signingKeys.length === 2)).toBe(true);
  const [times] = answers.map(({ signingKeys }) =>
    signingKeys.map(({ createTime }) => createTime && timestampDate(createTime).getTime()),
  );
  expect(times).toEqual(times?.toSorted());
});

test.each([-1, 1])(
  "OK: processes whose clocks differ by %d hours verify each other's tokens and keep each other's keys",
  async (hours) => {
    const db = drizzle({ client: identity().database.sql });
    const vault = createVault(encryptionKey);
    const skewed = createKeyRing(db, vault, () => Date.now() + hours * 3_600_000);
    const right = createKeyRing(db, vault);
    const loginId = "01890000-0000-7000-8000-000000000000";
    const subject = { userId: "user", orgId: "org", loginId };
    const before = await right.published();
    for (const [signer, verifier] of [
      [skewed, right],
      [right, skewed],
    ] as const) {
      const token = await signAccessToken(signer, subject, { tokenId: "token", issuedTime: new Date() });
      expect(await verifyAccessToken(verifier, token)).toMatchObject({ loginId });
    }
    await rotateSigningKeys(db, vault);
    expect((await right.published()).map(({ kid }) => kid)).toEqual(before.map(({ kid }) => kid));
  },
);

test("OK: a key set that is a minute old is read again, by the clock of its process", async () => {
  const db = drizzle({ client: identity().database.sql });
  const vault = createVault(encryptionKey);
  let nowMs = Date.now();
  const ring = createKeyRing(db, vault, () => nowMs);
  const kids = async () => (await ring.published()).map(({ kid }) => kid);
  const first = await kids();
  await identity().database.sql`
    update identity.signing_keys set create_time = create_time - interval '11 minutes'`;
  const { rows } = await rotateSigningKeys(db, vault, { requested: true });
  nowMs += 59_000;
  expect(await kids()).toEqual(first);
  nowMs += 2_000;
  expect(await kids()).toEqual(rows.map(({ kid }) => kid));
});

test("PermissionDenied: RotateSigningKeys by an administrator of an organisation", async () => {
  const call = identity().client(KeyService, principal()).rotateSigningKeys({});
  expect(await failureOf(call)).toEqual(lacking("keys.rotate"));
});
