import { randomBytes } from "node:crypto";
import { expect, test } from "vitest";
import { createVault } from "../../services/identity/vault.ts";

const newVault = () => createVault(randomBytes(32).toString("base64"));
const place = ["secret", "org", "name"];

test("OK: opens what it sealed, in its place", () => {
  const vault = newVault();
  expect(vault.open(vault.seal("a value ☂", place), place)).toBe("a value ☂");
  expect(vault.open(vault.seal("", place), place)).toBe("");
});

test("refuses another place, also one that reads the same when joined", () => {
  const vault = newVault();
  const sealed = vault.seal("a value", ["secret", "a", "b"]);
  expect(() => vault.open(sealed, ["secret", "ab", ""])).toThrow();
  expect(() => vault.open(sealed, ["secret", "a,b"])).toThrow();
});

test("refuses another key by its id, without trying", () => {
  expect(() => newVault().open(newVault().seal("a value", place), place)).toThrow(
    "not the key that this database was encrypted with",
  );
});

test("refuses every changed byte, and a value cut short", () => {
  const vault = newVault();
  const sealed = vault.seal("a value", place);
  const bytes = Buffer.from(sealed.ciphertext, "base64");
  for (let index = 0; index < bytes.length; index += 1) {
    const changed = Buffer.from(bytes);
    changed.writeUInt8(changed.readUInt8(index) ^ 1, index);
    expect(() => vault.open({ ...sealed, ciphertext: changed.toString("base64") }, place)).toThrow();
    const cut = bytes.subarray(0, index).toString("base64");
    expect(() => vault.open({ ...sealed, ciphertext: cut }, place)).toThrow();
  }
  const nonce = randomBytes(12).toString("base64");
  expect(() => vault.open({ ...sealed, nonce }, place)).toThrow();
});

test("OK: a fingerprint is the same for one key only", () => {
  const [vault, bytes] = [newVault(), Buffer.from("a request")];
  expect(vault.fingerprint(bytes)).toEqual(vault.fingerprint(bytes));
  expect(vault.fingerprint(bytes)).not.toEqual(newVault().fingerprint(bytes));
});

test("OK: a vault with a second key opens what that key sealed, and seals with the first", () => {
  const [first, second] = [randomBytes(32), randomBytes(32)].map((key) => key.toString("base64"));
  const former = createVault(second ?? "");
  const vault = createVault(first ?? "", second);
  expect(vault.open(former.seal("a value", place), place)).toBe("a value");
  expect(createVault(first ?? "").open(vault.seal("a value", place), place)).toBe("a value");
  expect(() => former.open(vault.seal("a value", place), place)).toThrow("secret_encryption_key");
  expect(() => vault.open(newVault().seal("a value", place), place)).toThrow("secret_decryption_key");
  const bytes = Buffer.from("a request");
  expect(vault.formerFingerprint(bytes)).toEqual(former.fingerprint(bytes));
  expect(former.formerFingerprint(bytes)).toBeUndefined();
});
