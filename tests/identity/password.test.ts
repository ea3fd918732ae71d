import { argon2 } from "node:crypto";
import { promisify } from "node:util";
import { expect, test } from "vitest";
import { createPasswords, newSalt } from "../../services/identity/credentials/password.ts";

const derive = promisify(argon2);
const passwords = createPasswords();

/** Counts the derivations, with parameters that take no time. */
function counting() {
  const made: number[] = [];
  const counted = createPasswords((algorithm, parameters) => {
    made.push(parameters.memory);
    return derive(algorithm, { ...parameters, memory: 8, passes: 1 });
  });
  return { ...counted, made };
}

// From the test vectors of the argon2 reference implementation: password "password", salt "somesalt".
const foreignHash = "$argon2id$v=19$m=256,t=2,p=1$c29tZXNhbHQ$nf65EOgLrQMR/uIPnA4rEsF5h7TKyQwu9U1bMCHGi/4";

test("OK: a PHC string with OWASP's parameters and the salt that was given", async () => {
  const salt = newSalt();
  const hash = await passwords.hash("a password", salt);
  expect(hash).toMatch(/^\$argon2id\$v=19\$m=19456,t=2,p=1\$[A-Za-z0-9+/]{22}\$[A-Za-z0-9+/]{43}$/);
  expect(hash).toContain(`$${salt}$`);
  expect(await passwords.matches("a password", [hash])).toEqual([true]);
  expect(await passwords.matches("a passwort", [hash])).toEqual([false]);
  expect(newSalt()).not.toBe(salt);
});

test("OK: a hash of another implementation and other parameters is outdated, and still matches", async () => {
  const salt = newSalt();
  const hash = await passwords.hash("another", salt);
  expect(await passwords.matches("password", [hash, foreignHash])).toEqual([false, true]);
  expect(await passwords.matches("passwort", [foreignHash])).toEqual([false]);
  expect(passwords.isOutdated(foreignHash)).toBe(true);
  expect(passwords.isOutdated(hash)).toBe(false);
});

test("OK: the work is one derivation with today's parameters for no account, for one and for many", async () => {
  const salt = newSalt();
  const hashes = await Promise.all(["one", "two", "three"].map((text) => counting().hash(text, salt)));
  for (const stored of [[], hashes.slice(0, 1), hashes]) {
    const { matches, made } = counting();
    expect(await matches("two", stored)).toEqual(stored.map((_, index) => index === 1));
    expect(made).toEqual([19_456]);
  }
});
