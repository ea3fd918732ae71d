import { Code, ConnectError } from "@connectrpc/connect";
import { expect, test } from "vitest";
import { cacheVerified, type Verified } from "../../edge/auth/verified-credentials.ts";
import type { Credential } from "../../edge/dialects/dialect.ts";

const principal = { orgId: "o", userId: "u", roles: ["viewer"] };
const key: Credential = { case: "apiKey", value: "k" };

function remember(answer: () => Promise<Verified>) {
  const clock = { nowMs: 0 };
  const calls = { count: 0 };
  const { recall, verify: ask } = cacheVerified(
    () => {
      calls.count += 1;
      return answer();
    },
    () => clock.nowMs,
  );
  return { ask, recall, clock, calls };
}

test("OK: asks once in five seconds", async () => {
  const { ask, clock, calls } = remember(async () => ({ principal, expiresAtMs: undefined }));
  expect(await ask(key)).toEqual(principal);
  clock.nowMs = 4_999;
  await ask(key);
  expect(calls.count).toBe(1);
  clock.nowMs = 5_000;
  await ask(key);
  expect(calls.count).toBe(2);
});

test("OK: recalls what was asked, as long, and asks nobody", async () => {
  const { ask, recall, clock, calls } = remember(async () => ({ principal, expiresAtMs: undefined }));
  expect(recall(key)).toBeUndefined();
  await ask(key);
  expect(recall(key)).toEqual(principal);
  clock.nowMs = 5_000;
  expect(recall(key)).toBeUndefined();
  expect(calls.count).toBe(1);
});

test("OK: never trusts a credential past its end", async () => {
  const { ask, clock, calls } = remember(async () => ({ principal, expiresAtMs: 1_000 }));
  await ask(key);
  clock.nowMs = 999;
  await ask(key);
  expect(calls.count).toBe(1);
  clock.nowMs = 1_000;
  await ask(key);
  expect(calls.count).toBe(2);
});

test("OK: callers at the same time share one call, callers with other credentials do not", async () => {
  const answer = Promise.withResolvers<Verified>();
  const { ask, calls } = remember(() => answer.promise);
  const asked = [ask(key), ask(key), ask({ case: "accessToken", value: "k" })];
  answer.resolve({ principal, expiresAtMs: undefined });
  expect(await Promise.all(asked)).toEqual([principal, principal, principal]);
  expect(calls.count).toBe(2);
});

test("Unauthenticated: a refusal is not remembered", async () => {
  const answers = [
    Promise.reject(new ConnectError("no", Code.Unauthenticated)),
    { principal, expiresAtMs: undefined },
  ];
  const { ask, calls } = remember(async () => answers.shift() as Verified);
  await expect(ask(key)).rejects.toThrow("no");
  expect(await ask(key)).toEqual(principal);
  expect(calls.count).toBe(2);
});
