import { createHash } from "node:crypto";
import { expect, test } from "vitest";
import { ApiKeyService } from "../../gen/sluice/identity/v1/api_keys_pb.ts";
import { AuthService } from "../../gen/sluice/identity/v1/auth_pb.ts";
import { run } from "../../services/identity/run.ts";
import { forFile } from "../lib/for-file.ts";
import { startService } from "../lib/test-mesh.ts";
import {
  credentialInvalid,
  failureOf,
  identityConfig,
  logIn,
  newEmail,
  newOrg,
  startIdentity,
} from "./fixtures.ts";

const identity = forFile(startIdentity);

const from = (address: string) => ({ headers: { "x-sluice-client-address": address } });

const guess = (email: string, address: string, org = "") =>
  failureOf(logIn(identity(), { email, org, password: "wrong", ...from(address) }));

const succeed = (email: string, address: string) => logIn(identity(), { email, ...from(address) });

const exceeded = (of: string, limit: number) => ({
  code: "ResourceExhausted",
  reason: "LOGIN_ATTEMPTS_EXCEEDED",
  metadata: { of, limit: String(limit), retryAfterSeconds: expect.stringMatching(/^[1-9]\d{0,2}$/) },
});

/** The counter of an account and an address. */
const pair = (email: string, address: string, org = "") =>
  `account ${createHash("sha256")
    .update(JSON.stringify([email.toLowerCase(), org]))
    .digest("base64url")} from ${address}`;

/** Sets a counter to failures of some minutes ago, without hashing. */
async function failuresOf(subject: string, count: number, ageMinutes: number): Promise<void> {
  await identity().database.sql`
    insert into identity.login_attempts (subject, times)
    select ${subject}, array_agg(now() - ${`${ageMinutes} minutes`}::interval)
    from generate_series(1, ${count})
    on conflict (subject) do update set times = excluded.times`;
}

const countOf = async (subject: string): Promise<number> => {
  const [row] = await identity().database.sql`
    select cardinality(times) as failures from identity.login_attempts where subject = ${subject}`;
  return row?.failures ?? 0;
};

let places = 0;
/** An address that no other test uses. */
const newAddress = () => {
  places += 1;
  return `192.0.2.${places}`;
};

test.each([
  ["that exists", async () => (await newOrg(identity())).user.email],
  ["that does not exist", async () => newEmail()],
])("ResourceExhausted: the delay of an account %s doubles with each failure", async (_title, emailOf) => {
  const [email, address] = [await emailOf(), newAddress()];
  for (let failures = 0; failures < 10; failures += 1) {
    expect(await guess(email, address)).toEqual(credentialInvalid);
  }
  const subject = pair(email, address);
  // Eighteen failures: four minutes and sixteen seconds.
  await failuresOf(subject, 18, 1);
  expect(await guess(email.toUpperCase(), address)).toEqual(exceeded("account", 10));
  await failuresOf(subject, 18, 5);
  expect(await guess(email, address)).toEqual(credentialInvalid);
  const { metadata } = await guess(email, address);
  expect(Number(metadata?.retryAfterSeconds)).toBeGreaterThan(256);
  expect(Number(metadata?.retryAfterSeconds)).toBeLessThanOrEqual(512);
});

test("ResourceExhausted: of 24 racing guesses in two processes one is tried when a delay is over", async () => {
  await using other = await startService(run, identityConfig(identity().database));
  const { user } = await newOrg(identity());
  const address = newAddress();
  await failuresOf(pair(user.email, address), 18, 5);
  const answers = await Promise.all(
    Array.from({ length: 24 }, (_, index) =>
      failureOf(
        logIn(index % 2 ? other : identity(), { email: user.email, password: "wrong", ...from(address) }),
      ),
    ),
  );
  const tried = answers.filter(({ code }) => code === "Unauthenticated");
  const refused = answers.filter(({ code }) => code === "ResourceExhausted");
  expect(tried).toEqual([credentialInvalid]);
  expect(refused).toEqual(Array(23).fill(exceeded("account", 10)));
});

test("ResourceExhausted: not even the right password helps from a place where the account never was", async () => {
  const { user } = await newOrg(identity());
  const address = newAddress();
  await failuresOf(pair(user.email, address), 20, 0);
  expect(await failureOf(succeed(user.email, address))).toEqual(exceeded("account", 10));
});

test("OK: a stranger's failures lock nobody out elsewhere", async () => {
  const { user } = await newOrg(identity());
  await failuresOf(pair(user.email, newAddress()), 20, 0);
  expect((await succeed(user.email, newAddress())).tokenType).toBe("Bearer");
});

test("OK: the right password gets in at a known place, whatever its account and its address failed before", async () => {
  const { user } = await newOrg(identity());
  const address = newAddress();
  await succeed(user.email, address);
  await failuresOf(pair(user.email, address), 20, 0);
  await failuresOf(`address ${address}`, 80, 0);
  expect(await guess(user.email, address)).toEqual(exceeded("address", 50));
  expect((await succeed(user.email, address)).tokenType).toBe("Bearer");
});

test("OK: an office behind one address is not locked out by a colleague's failures", async () => {
  const address = newAddress();
  const office = [await newOrg(identity()), await newOrg(identity())];
  for (const { user } of office) await succeed(user.email, address);
  await failuresOf(`address ${address}`, 80, 0);
  for (const { user } of office) {
    expect((await succeed(user.email, address)).tokenType).toBe("Bearer");
  }
  expect(await guess(newEmail(), address)).toEqual(exceeded("address", 50));
  const { user: stranger } = await newOrg(identity());
  expect(await failureOf(succeed(stranger.email, address))).toEqual(exceeded("address", 50));
});

test("ResourceExhausted: an address that tries many accounts, in whatever notation", async () => {
  const address = newAddress();
  await failuresOf(`address ${address}`, 49, 1);
  expect(await guess(newEmail(), address)).toEqual(credentialInvalid);
  await failuresOf(`address ${address}`, 60, 1);
  expect(await guess(newEmail(), address)).toEqual(exceeded("address", 50));
  expect(await guess(newEmail(), `::ffff:${address}`)).toEqual(exceeded("address", 50));
  expect(await guess(newEmail(), newAddress())).toEqual(credentialInvalid);
});

test("ResourceExhausted: the addresses of one IPv6 network count together", async () => {
  await failuresOf("address 2001:db8:0:1", 60, 1);
  expect(await guess(newEmail(), "2001:db8:0:1:aaaa::1")).toEqual(exceeded("address", 50));
  expect(await guess(newEmail(), "2001:db8:0:2::1")).toEqual(credentialInvalid);
});

test("ResourceExhausted: guesses of API keys count against the address, and a right key passes", async () => {
  const { admin } = await newOrg(identity());
  const { secret } = await identity()
    .client(ApiKeyService, admin)
    .createApiKey({ apiKey: { displayName: "key" } });
  const address = newAddress();
  await failuresOf(`address ${address}`, 60, 1);
  const auth = identity().client(AuthService, undefined);
  expect(await failureOf(auth.issueToken({ apiKey: "sk_guess" }, from(address)))).toEqual(
    exceeded("address", 50),
  );
  expect((await auth.issueToken({ apiKey: secret }, from(address))).tokenType).toBe("Bearer");
});

test("OK: a success forgets the account's failures and adds none to the address", async () => {
  const { user } = await newOrg(identity());
  const address = newAddress();
  for (let count = 0; count < 9; count += 1) await guess(user.email, address);
  await succeed(user.email, address);
  expect(await countOf(pair(user.email, address))).toBe(0);
  expect(await countOf(`address ${address}`)).toBe(9);
});

test("OK: a success in one organisation forgets no failures of the same address in others", async () => {
  const email = newEmail();
  const [mine, theirs] = [await newOrg(identity(), { email }), await newOrg(identity(), { email })];
  const address = newAddress();
  await setPassword(mine.user.userId);
  await guess(email, address, theirs.org);
  // Each of these is a guess at the other account's password, by somebody who owns the first one.
  for (let count = 0; count < 3; count += 1) await succeedAs(email, address);
  expect(await countOf(pair(email, address))).toBe(3);
  await failuresOf(pair(email, address), 20, 0);
  await succeedAs(email, address);
  expect(await failureOf(succeed(email, address))).toEqual(exceeded("account", 10));
  expect(await countOf(pair(email, address, theirs.org))).toBe(1);
});

const ownPassword = "a guess that is right for one alone";
const succeedAs = (email: string, address: string) =>
  logIn(identity(), { email, password: ownPassword, ...from(address) });

/** Gives a user a password of its own with the salt of the address. */
async function setPassword(userId: string): Promise<void> {
  const { createPasswords, newSalt } = await import("../../services/identity/credentials/password.ts");
  const hash = await createPasswords().hash(ownPassword, newSalt());
  await identity().database.sql`update identity.users set password_hash = ${hash} where user_id = ${userId}`;
}

test("OK: failures count for an hour", async () => {
  const address = newAddress();
  await failuresOf(`address ${address}`, 80, 61);
  expect(await guess(newEmail(), address)).toEqual(credentialInvalid);
  expect(await countOf(`address ${address}`)).toBe(1);
});

test("OK: a person's own 16 parallel logins all succeed, by password and by key", async () => {
  const { user, admin } = await newOrg(identity());
  const { secret } = await identity()
    .client(ApiKeyService, admin)
    .createApiKey({ apiKey: { displayName: "many" } });
  const auth = identity().client(AuthService, undefined);
  const answers = await Promise.all(
    Array.from({ length: 16 }, (_, index) =>
      index % 2 ? logIn(identity(), { email: user.email }) : auth.issueToken({ apiKey: secret }),
    ),
  );
  expect(answers.map(({ tokenType }) => tokenType)).toEqual(Array(16).fill("Bearer"));
});

test("OK: what people type as their address is not stored", async () => {
  const email = newEmail();
  await guess(email, newAddress());
  const rows = await identity().database.sql`
    select subject from identity.login_attempts where position(${email} in subject) > 0`;
  expect(rows).toEqual([]);
});

test("OK: twenty places of a user are remembered, the newest", async () => {
  const { user } = await newOrg(identity());
  await identity().database.sql`
    insert into identity.known_places (user_id, place, login_time)
    select ${user.userId}, 'place ' || n, now() - n * interval '1 day' from generate_series(1, 20) n`;
  await succeed(user.email, newAddress());
  const rows = await identity().database.sql`
    select place from identity.known_places where user_id = ${user.userId}`;
  expect(rows).toHaveLength(20);
  expect(rows.map(({ place }) => place)).not.toContain("place 20");
});
