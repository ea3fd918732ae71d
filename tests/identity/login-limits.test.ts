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

const guess = (email: string, address?: string) =>
  failureOf(
    logIn(identity(), {
      email,
      password: "wrong",
      ...(address && { headers: { "x-sluice-client-address": address } }),
    }),
  );

const exceeded = (of: string, limit: number) => ({
  code: "ResourceExhausted",
  reason: "LOGIN_ATTEMPTS_EXCEEDED",
  metadata: { of, limit: String(limit), retryAfterSeconds: expect.stringMatching(/^\d{1,3}$/) },
});

/** Inserts failures of an address without hashing. */
async function failuresOf(subject: string, count: number, ageMinutes: number): Promise<void> {
  await identity().database.sql`
    insert into identity.login_attempts (subject, times)
    select ${subject}, array_agg(now() - ${`${ageMinutes} minutes`}::interval)
    from generate_series(1, ${count})`;
}

test("ResourceExhausted: of 24 racing guesses 10 are tried, and then not even the password helps", async () => {
  const { user } = await newOrg(identity());
  const answers = await Promise.all(Array.from({ length: 24 }, () => guess(user.email)));
  const tried = answers.filter(({ code }) => code === "Unauthenticated");
  const refused = answers.filter(({ code }) => code === "ResourceExhausted");
  expect(tried).toEqual(Array(10).fill(credentialInvalid));
  expect(refused).toEqual(Array(14).fill(exceeded("account", 10)));
  expect(await failureOf(logIn(identity(), { email: user.email }))).toEqual(exceeded("account", 10));
});

test("ResourceExhausted: an account that does not exist has the same limit, in whatever case", async () => {
  const email = newEmail();
  for (let count = 0; count < 10; count += 1) expect(await guess(email)).toEqual(credentialInvalid);
  expect(await guess(email.toUpperCase())).toEqual(exceeded("account", 10));
});

test("ResourceExhausted: the count is the same in another process", async () => {
  await using other = await startService(run, identityConfig(identity().database));
  const email = newEmail();
  const either = [identity(), other];
  const answers = await Promise.all(
    Array.from({ length: 16 }, (_, index) =>
      failureOf(logIn(either[index % 2] ?? other, { email, password: "wrong" })),
    ),
  );
  expect(answers.filter(({ code }) => code === "Unauthenticated")).toHaveLength(10);
});

test("ResourceExhausted: an address has 50 failures, whichever accounts it tries", async () => {
  await failuresOf("address 192.0.2.7", 49, 1);
  expect(await guess(newEmail(), "192.0.2.7")).toEqual(credentialInvalid);
  expect(await guess(newEmail(), "192.0.2.7")).toEqual(exceeded("address", 50));
  expect(await guess(newEmail(), "::ffff:192.0.2.7")).toEqual(exceeded("address", 50));
  expect(await guess(newEmail(), "192.0.2.8")).toEqual(credentialInvalid);
});

test("ResourceExhausted: the addresses of one IPv6 network count together", async () => {
  await failuresOf("address 2001:db8:0:1", 50, 1);
  expect(await guess(newEmail(), "2001:db8:0:1:aaaa::1")).toEqual(exceeded("address", 50));
  expect(await guess(newEmail(), "2001:db8:0:2::1")).toEqual(credentialInvalid);
});

test("ResourceExhausted: guesses of API keys count against the address", async () => {
  await failuresOf("address 192.0.2.9", 50, 1);
  const headers = { "x-sluice-client-address": "192.0.2.9" };
  const call = identity().client(AuthService, undefined).issueToken({ apiKey: "sk_guess" }, { headers });
  expect(await failureOf(call)).toEqual(exceeded("address", 50));
});

test("OK: a success forgets the account's failures and adds none to the address", async () => {
  const { user } = await newOrg(identity());
  const address = "198.51.100.1";
  const headers = { "x-sluice-client-address": address };
  for (let count = 0; count < 9; count += 1) await guess(user.email, address);
  await logIn(identity(), { email: user.email, headers });
  for (let count = 0; count < 9; count += 1) {
    expect(await guess(user.email, address)).toEqual(credentialInvalid);
  }
  const [row] = await identity().database.sql`
    select cardinality(times) as failures from identity.login_attempts where subject = ${`address ${address}`}`;
  expect(row).toEqual({ failures: 18 });
});

test("OK: failures count for 15 minutes", async () => {
  await failuresOf("address 198.51.100.2", 50, 16);
  expect(await guess(newEmail(), "198.51.100.2")).toEqual(credentialInvalid);
  const rows = await identity().database.sql`
    select cardinality(times) as failures from identity.login_attempts where subject = 'address 198.51.100.2'`;
  expect(rows).toEqual([{ failures: 1 }]);
});

test("OK: the oldest failure says how long to wait", async () => {
  await failuresOf("address 198.51.100.3", 50, 14);
  const { metadata } = await guess(newEmail(), "198.51.100.3");
  const seconds = Number(metadata?.retryAfterSeconds);
  expect(seconds).toBeGreaterThan(0);
  expect(seconds).toBeLessThanOrEqual(60);
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
  await guess(email);
  const rows = await identity().database.sql`
    select subject from identity.login_attempts where position(${email} in subject) > 0`;
  expect(rows).toEqual([]);
});
