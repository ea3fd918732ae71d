import { expect, test } from "vitest";
import { hashPassword, verifyPassword } from "../../services/identity/credentials/password.ts";

test("OK: a PHC string with OWASP's parameters and a salt of its own", async () => {
  const hashes = [await hashPassword("a password"), await hashPassword("a password")];
  for (const hash of hashes) {
    expect(hash).toMatch(/^\$argon2id\$v=19\$m=19456,t=2,p=1\$[A-Za-z0-9+/]{22}\$[A-Za-z0-9+/]{43}$/);
    expect(await verifyPassword("a password", hash)).toBe(true);
    expect(await verifyPassword("a passwort", hash)).toBe(false);
  }
  expect(hashes[0]).not.toBe(hashes[1]);
});

test("OK: a hash of another implementation and other parameters", async () => {
  // From the test vectors of the argon2 reference implementation: password "password", salt "somesalt".
  const hash = "$argon2id$v=19$m=256,t=2,p=1$c29tZXNhbHQ$nf65EOgLrQMR/uIPnA4rEsF5h7TKyQwu9U1bMCHGi/4";
  expect(await verifyPassword("password", hash)).toBe(true);
  expect(await verifyPassword("passwort", hash)).toBe(false);
});

test("OK: without a hash the answer is no, after as much work", async () => {
  const hash = await hashPassword("a password");
  const least = { known: Infinity, unknown: Infinity };
  for (let count = 0; count < 5; count += 1) {
    const start = performance.now();
    expect(await verifyPassword("a guess", hash)).toBe(false);
    const between = performance.now();
    expect(await verifyPassword("a guess", undefined)).toBe(false);
    least.known = Math.min(least.known, between - start);
    least.unknown = Math.min(least.unknown, performance.now() - between);
  }
  // Without hashing the time would be close to zero.
  expect(least.unknown).toBeGreaterThan(least.known / 3);
});
