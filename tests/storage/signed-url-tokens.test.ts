import { createHmac, randomBytes, randomUUID } from "node:crypto";
import { expect, test } from "vitest";
import { createSignedUrls, type Grant } from "../../services/storage/sign/signed-urls.ts";

const minute = 60_000;
const week = 7 * 24 * 60 * minute;
const [oldKey, newKey] = [Buffer.alloc(32, "one key"), Buffer.alloc(32, "another key")];
const now = Date.now();

const keyring = (key: Buffer, previousKey?: Buffer, at = now) =>
  createSignedUrls({ key, previousKey, publicUrl: "", now: () => at });

const grantFor = (ms: number): Grant => ({
  kind: "file",
  orgId: randomUUID(),
  fileId: randomUUID(),
  generation: 3,
  expireTime: new Date(now + ms),
});

const tokenOf = (url: string) => url.slice(url.lastIndexOf("/") + 1);

test("OK: begins with the platform's public URL where there is one", () => {
  const signedUrls = createSignedUrls({ key: oldKey, publicUrl: "https://sluice.example.org" });
  const prefix = "https://sluice.example.org/api/v1/storage/signed/";
  const grant = grantFor(minute);
  const url = signedUrls.urlFor(grant);
  expect(url.startsWith(prefix)).toBe(true);
  expect(signedUrls.open(url.slice(prefix.length))).toEqual(grant);
});

test("OK: opens what was signed, for a file and for a stored URL", () => {
  const stored: Grant = {
    kind: "url",
    orgId: randomUUID(),
    urlId: randomUUID(),
    expireTime: new Date(now + minute),
  };
  for (const grant of [grantFor(minute), stored]) {
    const token = tokenOf(keyring(oldKey).urlFor(grant));
    expect(token).toMatch(/^[\w-]{108}$/);
    expect(keyring(oldKey).open(token)).toEqual(grant);
  }
});

test("OK: while keys are exchanged, every process opens the URLs of every other one", () => {
  const grant = grantFor(minute);
  expect(keyring(oldKey).open(tokenOf(keyring(oldKey, newKey).urlFor(grant)))).toEqual(grant);
  expect(keyring(oldKey, newKey).open(tokenOf(keyring(newKey, oldKey).urlFor(grant)))).toEqual(grant);
  expect(keyring(newKey, oldKey).open(tokenOf(keyring(oldKey).urlFor(grant)))).toEqual(grant);
  expect(keyring(newKey).open(tokenOf(keyring(oldKey).urlFor(grant)))).toBeUndefined();
});

/** A token as versions before this one issued it, written down byte by byte. */
function firstToken(key: Buffer, orgId: string, fileId: string, expireMs: number): string {
  const bytes = Buffer.alloc(40);
  Buffer.from(orgId.replaceAll("-", ""), "hex").copy(bytes, 0);
  Buffer.from(fileId.replaceAll("-", ""), "hex").copy(bytes, 16);
  bytes.writeBigUInt64BE(BigInt(expireMs), 32);
  const mac = createHmac("sha256", key).update("sluice signed url 1\n").update(bytes).digest();
  return Buffer.concat([bytes, mac]).toString("base64url");
}

test("OK: a token of an earlier version, by either key, until it expires", () => {
  const [orgId, fileId] = [randomUUID(), randomUUID()];
  const token = firstToken(oldKey, orgId, fileId, now + minute);
  const grant = { kind: "file", orgId, fileId, generation: 0, expireTime: new Date(now + minute) };
  expect(keyring(oldKey).open(token)).toEqual(grant);
  expect(keyring(newKey, oldKey).open(token)).toEqual(grant);
  expect(keyring(newKey).open(token)).toBeUndefined();
  expect(keyring(oldKey, undefined, now + minute).open(token)).toBeUndefined();
});

test("nothing: a token of which any character was changed, of either form", () => {
  const first = firstToken(oldKey, randomUUID(), randomUUID(), now + minute);
  for (const token of [first, tokenOf(keyring(oldKey).urlFor(grantFor(minute)))]) {
    expect(keyring(oldKey, newKey).open(token)).toBeDefined();
    for (let index = 0; index < token.length; index += 1) {
      const other = token[index] === "A" ? "B" : "A";
      const changed = token.slice(0, index) + other + token.slice(index + 1);
      expect(keyring(oldKey, newKey).open(changed)).toBeUndefined();
    }
  }
});

test("nothing: random tokens, and those of another size", () => {
  for (const bytes of [0, 3, 71, 72, 75, 80, 81, 84, 300]) {
    expect(keyring(oldKey).open(randomBytes(bytes).toString("base64url"))).toBeUndefined();
  }
});

test("OK: clocks that differ move the end of a URL by as much, and not more", () => {
  const token = tokenOf(keyring(oldKey).urlFor(grantFor(minute)));
  expect(keyring(oldKey, undefined, now + minute - 1).open(token)).toBeDefined();
  expect(keyring(oldKey, undefined, now + minute).open(token)).toBeUndefined();
  expect(keyring(oldKey, undefined, now - minute).open(token)).toBeDefined();
});

test("nothing: a URL that ends later than seven days and five minutes from now, as one of a clock far ahead", () => {
  const opened = (ms: number) => keyring(oldKey).open(tokenOf(keyring(oldKey).urlFor(grantFor(ms))));
  expect(opened(week + 5 * minute)).toBeDefined();
  expect(opened(week + 5 * minute + 1)).toBeUndefined();
  expect(
    keyring(oldKey).open(firstToken(oldKey, randomUUID(), randomUUID(), now + 2 * week)),
  ).toBeUndefined();
});
