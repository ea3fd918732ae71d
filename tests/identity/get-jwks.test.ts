import { createLocalJWKSet, decodeProtectedHeader, jwtVerify } from "jose";
import { expect, test } from "vitest";
import { AuthService } from "../../gen/sluice/identity/v1/auth_pb.ts";
import { run } from "../../services/identity/run.ts";
import { forFile } from "../lib/for-file.ts";
import { startService } from "../lib/test-mesh.ts";
import { bootstrapEmail, type Identity, identityConfig, logIn, startIdentity, verify } from "./fixtures.ts";

const identity = forFile(startIdentity);

/** Ages all keys and starts another process, which rotates them if necessary. */
async function restarted(ageOfOldest: string) {
  await identity().database.sql`
    update identity.signing_keys set create_time = create_time - ${ageOfOldest}::interval`;
  return startService(run, identityConfig(identity().database));
}

const keysOf = async (service: Pick<Identity, "client">) =>
  (await service.client(AuthService, undefined).getJwks({})).keys;

test("OK: answers keys that a stranger verifies our tokens with", async () => {
  const keys = await keysOf(identity());
  expect(keys).toEqual([
    {
      $typeName: "sluice.identity.v1.Jwk",
      kty: "OKP",
      crv: "Ed25519",
      x: expect.stringMatching(/^[\w-]{43}$/),
      kid: expect.any(String),
      alg: "EdDSA",
      use: "sig",
    },
  ]);
  const { accessToken } = await logIn(identity(), { email: bootstrapEmail });
  const verified = await jwtVerify(
    accessToken,
    createLocalJWKSet({ keys: keys.map(({ $typeName, ...key }) => key) }),
    { issuer: "sluice" },
  );
  expect(verified.payload.sub).toBe(identity().root.userId);
});

test("OK: a key gets its successor after 30 days, which is published before it signs", async () => {
  const { accessToken } = await logIn(identity(), { email: bootstrapEmail });
  const [first] = await keysOf(identity());
  const kidOf = (token: string) => decodeProtectedHeader(token).kid;
  {
    await using young = await restarted("29 days");
    expect(await keysOf(young)).toEqual([first]);
  }
  let secondKid: string | undefined;
  {
    await using rotated = await restarted("2 days");
    const keys = await keysOf(rotated);
    expect(keys).toEqual([first, expect.anything()]);
    secondKid = keys[1]?.kid;
    expect(kidOf((await logIn(rotated, { email: bootstrapEmail })).accessToken)).toBe(first?.kid);
  }
  {
    await using signing = await restarted("11 minutes");
    expect(kidOf((await logIn(signing, { email: bootstrapEmail })).accessToken)).toBe(secondKid);
    expect(await verify(signing, accessToken)).toMatchObject({ userId: identity().root.userId });
  }
  {
    await using retired = await restarted("20 minutes");
    expect((await keysOf(retired)).map(({ kid }) => kid)).toEqual([secondKid]);
  }
});

test("OK: the table holds no private key in the clear", async () => {
  const [row] = await identity().database.sql`select * from identity.signing_keys`;
  const decoded = Buffer.from(row?.ciphertext, "base64").toString("latin1");
  expect(`${JSON.stringify(row)} ${decoded}`).not.toContain("PRIVATE KEY");
});
