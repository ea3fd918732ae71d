import { argon2 } from "node:crypto";
import { readdir, readFile } from "node:fs/promises";
import { fileURLToPath } from "node:url";
import { promisify } from "node:util";
import { expect, test } from "vitest";
import { checkPassword } from "../../services/identity/accounts/check-password.ts";
import { saltOf } from "../../services/identity/accounts/salt-repository.ts";
import { createRefusals } from "../../services/identity/audit/refusals.ts";
import { createKeyRing } from "../../services/identity/credentials/key-ring.ts";
import { attemptOf } from "../../services/identity/credentials/login-attempts.ts";
import { createPasswords } from "../../services/identity/credentials/password.ts";
import { createVault } from "../../services/identity/vault.ts";
import { openDatabase } from "../../services/lib/database/database.ts";
import { createSemaphore } from "../../services/lib/process/semaphore.ts";
import { createLog } from "../../services/lib/telemetry/log.ts";
import { forFile } from "../lib/for-file.ts";
import { encryptionKey, logIn, newEmail, newOrg, password, startIdentity } from "./fixtures.ts";

const identity = forFile(startIdentity);

const place = "192.0.2.1";
const derive = promisify(argon2);
const migrationsFolder = fileURLToPath(new URL("../../services/identity/migrations", import.meta.url));

const openIdentityDatabase = () =>
  openDatabase({ url: identity().database.urls.identity, service: "identity", migrationsFolder });

test("OK: a login derives one hash, whatever accounts there are and whether it is refused", async () => {
  const { database } = identity();
  await using opened = await openIdentityDatabase();
  const { db } = opened;
  const vault = createVault(encryptionKey);
  const derived: number[] = [];
  const passwords = createPasswords((algorithm, parameters) => {
    derived.push(parameters.memory);
    return derive(algorithm, parameters);
  });
  const log = createLog("identity", { logLevel: "silent" });
  const keyRing = createKeyRing(db, vault);
  await using refusals = createRefusals({ db, log });
  const deps = { db, vault, keyRing, passwords, refusals, withHashPermit: createSemaphore(1), log };
  const outcomeOf = async (login: { email: string; password: string; org?: string }) => {
    const given = { org: "", ...login };
    derived.length = 0;
    const outcome = await checkPassword(deps, given, {
      attempt: attemptOf(place, given),
      tellsInactive: false,
    }).then(
      () => "OK",
      (error: Error) => error.message.replace(/\d+ s$/, "… s"),
    );
    return { outcome, derived: [...derived] };
  };
  const refuse = () => database.sql`
    insert into identity.login_attempts (subject, times)
    select ${`address ${place}`}, array_agg(now()) from generate_series(1, 80)
    on conflict (subject) do update set times = excluded.times`;

  const shared = newEmail();
  const [one] = [await newOrg(identity(), { email: shared }), await newOrg(identity(), { email: shared })];
  const { user: single } = await newOrg(identity());
  const { user: known } = await newOrg(identity());
  await logIn(identity(), { email: known.email, headers: { "x-sluice-client-address": place } });
  const wrong =
    "[unauthenticated] e-mail address and password belong to no active user: correct them, or give org";
  const late = "[resource_exhausted] more than 50 failed logins of this address within an hour: wait … s";
  const once = [19_456];

  expect(await outcomeOf({ email: newEmail(), password })).toEqual({ outcome: wrong, derived: once });
  expect(await outcomeOf({ email: single.email, password: "wrong" })).toEqual({
    outcome: wrong,
    derived: once,
  });
  expect(await outcomeOf({ email: single.email, password })).toEqual({ outcome: "OK", derived: once });
  expect(await outcomeOf({ email: shared, password })).toEqual({ outcome: wrong, derived: once });
  expect(await outcomeOf({ email: shared, password, org: one?.org ?? "" })).toEqual({
    outcome: "OK",
    derived: once,
  });
  await refuse();
  expect(await outcomeOf({ email: newEmail(), password })).toEqual({ outcome: late, derived: once });
  expect(await outcomeOf({ email: single.email, password })).toEqual({ outcome: late, derived: once });
  expect(await outcomeOf({ email: known.email, password: "wrong" })).toEqual({
    outcome: late,
    derived: once,
  });
  expect(await outcomeOf({ email: known.email, password })).toEqual({ outcome: "OK", derived: once });
});

test("OK: an address keeps the salt of an account that is older than the salts", async () => {
  const { database } = identity();
  const { user } = await newOrg(identity());
  const [migrated] = (await readdir(migrationsFolder)).filter((name) => name.includes("accounts_of_an"));
  const statements = await readFile(`${migrationsFolder}/${migrated}`, "utf8");
  await database.sql.unsafe(statements.split("--> statement-breakpoint").at(-1) ?? "");
  await using opened = await openIdentityDatabase();
  const [row] = await database.sql`
    select split_part(password_hash, '$', 5) as salt from identity.users where user_id = ${user.userId}`;
  expect(await saltOf(opened.db, user.email.toUpperCase())).toBe(row?.salt);
});
