import { Code, ConnectError } from "@connectrpc/connect";
import { expect, test, vi } from "vitest";
import { createCallsUnderWay } from "../../edge/auth/calls-under-way.ts";
import { createDelegates } from "../../edge/auth/delegation.ts";
import { cacheVerified, type Verified } from "../../edge/auth/verified-credentials.ts";
import type { Credential } from "../../edge/dialects/dialect.ts";
import type { Exchange } from "../../edge/http/exchange.ts";
import type { HttpRequest } from "../../edge/http/http.ts";
import { FileService } from "../../gen/sluice/storage/v1/files_pb.ts";
import type { Principal } from "../../services/lib/rpc/principal.ts";

const principal = { orgId: "o", userId: "u", roles: ["viewer"] };
const key: Credential = { case: "apiKey", value: "k" };

function remember(answer: () => Promise<Verified>) {
  const clock = { nowMs: 0 };
  const calls = { count: 0 };
  const {
    recall,
    verify: ask,
    verifyAgain,
  } = cacheVerified(
    () => {
      calls.count += 1;
      return answer();
    },
    () => clock.nowMs,
  );
  return { ask, recall, verifyAgain, clock, calls };
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

test("OK: five seconds are counted from the start of the verification", async () => {
  const answer = Promise.withResolvers<Verified>();
  const { ask, recall, clock } = remember(() => answer.promise);
  const asked = ask(key);
  clock.nowMs = 3_000;
  answer.resolve({ principal, expiresAtMs: undefined });
  await asked;
  clock.nowMs = 4_999;
  expect(recall(key)).toEqual(principal);
  clock.nowMs = 5_000;
  expect(recall(key)).toBeUndefined();
});

test("OK: a call under way is verified again after three seconds, which counts for new calls", async () => {
  const { ask, verifyAgain, recall, clock, calls } = remember(async () => ({
    principal,
    expiresAtMs: undefined,
  }));
  await ask(key);
  clock.nowMs = 2_999;
  await verifyAgain(key);
  expect(calls.count).toBe(1);
  clock.nowMs = 3_000;
  await Promise.all([verifyAgain(key), verifyAgain(key)]);
  expect(calls.count).toBe(2);
  clock.nowMs = 7_999;
  expect(recall(key)).toEqual(principal);
});

test("Unauthenticated: a call under way that is refused ends the reuse for new calls", async () => {
  const answers = [
    { principal, expiresAtMs: undefined },
    Promise.reject(new ConnectError("no", Code.Unauthenticated)),
  ];
  const { ask, verifyAgain, recall, clock } = remember(async () => answers.shift() as Verified);
  await ask(key);
  clock.nowMs = 3_000;
  await expect(verifyAgain(key)).rejects.toThrow("no");
  expect(recall(key)).toBeUndefined();
});

/** A call of a method that needs `storage.files.write`, as far as it matters to who ends it. */
function underWay(startMs = Date.now()) {
  const revoked: ConnectError[] = [];
  const closing: (() => void)[] = [];
  const exchange = {
    startMs,
    method: FileService.method.uploadFile,
    response: { headersSent: false },
    onClosed: (work: () => void) => closing.push(work),
    revoke: (error: ConnectError) => revoked.push(error) > 0,
  } as unknown as Exchange;
  return {
    exchange,
    revoked,
    close() {
      for (const work of closing) work();
    },
  };
}

test("OK: calls end less than five seconds after access is lost, and continue while identity is silent", async () => {
  vi.useFakeTimers();
  try {
    const state: { refusal?: Code; roles: string[] } = { roles: ["editor"] };
    const { verify, verifyAgain } = cacheVerified(async () => {
      if (state.refusal) throw new ConnectError("refused", state.refusal);
      return { principal: { ...principal, roles: state.roles }, expiresAtMs: undefined };
    });
    using calls = createCallsUnderWay({ verifyAgain: () => verifyAgain(key) });
    await verify(key);
    const [long, ended] = [underWay(), underWay()];
    for (const { exchange } of [long, ended]) calls.add(exchange);
    ended.close();
    await vi.advanceTimersByTimeAsync(60_000);
    state.refusal = Code.Unavailable;
    await vi.advanceTimersByTimeAsync(60_000);
    expect(long.revoked).toEqual([]);

    delete state.refusal;
    await vi.advanceTimersByTimeAsync(3_000);
    state.roles = ["viewer"];
    await vi.advanceTimersByTimeAsync(4_999);
    expect(long.revoked.map(({ code }) => code)).toEqual([Code.PermissionDenied]);

    const next = underWay();
    calls.add(next.exchange);
    state.refusal = Code.Unauthenticated;
    await vi.advanceTimersByTimeAsync(4_999);
    expect(next.revoked.map(({ code }) => code)).toEqual([Code.Unauthenticated]);
    expect(ended.revoked).toEqual([]);
    expect(vi.getTimerCount()).toBe(0);
  } finally {
    vi.useRealTimers();
  }
});

test("Unauthenticated: a body that the edge sends by itself is broken off", async () => {
  vi.useFakeTimers();
  try {
    let broken = 0;
    const { exchange } = underWay();
    const sending = Object.assign(exchange, {
      revoke: () => false,
      response: { headersSent: true, destroy: () => (broken += 1) },
    });
    const refuse = () => Promise.reject(new ConnectError("no", Code.Unauthenticated));
    using calls = createCallsUnderWay({ verifyAgain: refuse });
    calls.add(sending as unknown as Exchange);
    await vi.advanceTimersByTimeAsync(4_999);
    expect(broken).toBe(1);
  } finally {
    vi.useRealTimers();
  }
});

const speaker: Principal = {
  orgId: "o",
  userId: "platform",
  apiKeyId: "k",
  roles: ["admin"],
  limit: { permissions: ["principals.delegate"], namespaces: [] },
};
const asking = (headers: Record<string, string>) => ({ headers, socket: {} }) as unknown as HttpRequest;

test("OK: asks once in three seconds whom a key speaks for", async () => {
  let nowMs = 0;
  const asked: string[] = [];
  const { recall, resolve } = createDelegates(
    async ({ org, user }) => {
      asked.push(`${org}/${user}`);
      return { principal: { ...principal, userId: user }, expiresAtMs: undefined };
    },
    () => nowMs,
  );
  const named = asking({ "x-org-id": "1", "x-user-id": "7" });
  expect(recall(speaker, named)).toBeUndefined();
  expect(await resolve(speaker, named)).toEqual({ ...principal, userId: "7" });
  nowMs = 2_999;
  expect(recall(speaker, named)).toEqual({ ...principal, userId: "7" });
  await resolve(speaker, asking({ "x-user-id": "7" }));
  await resolve({ ...speaker, apiKeyId: "other" }, named);
  nowMs = 3_000;
  expect(recall(speaker, named)).toBeUndefined();
  await resolve(speaker, named);
  expect(asked).toEqual(["1/7", "/7", "1/7", "1/7"]);
});

test("OK: nobody else is asked about, and none of these headers is read", async () => {
  const { recall, resolve } = createDelegates(() => Promise.reject(new Error("asked")));
  const named = asking({ "x-org-id": "1, 2", "x-user-id": "" });
  const { apiKeyId: _, ...login } = speaker;
  for (const caller of [principal, login, { ...speaker, limit: { permissions: [], namespaces: [] } }]) {
    expect(recall(caller, named)).toBe(caller);
    expect(await resolve(caller, named)).toBe(caller);
  }
  expect(recall(speaker, asking({}))).toBe(speaker);
});
