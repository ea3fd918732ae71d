import { randomUUID } from "node:crypto";
import { expect, test } from "vitest";
import { failureOf } from "../lib/failure-of.ts";
import { principal } from "../lib/test-mesh.ts";
import { describeCaches, seconds } from "./cache-stores.ts";
import { keyOf, minute, resultsOf } from "./results.ts";

const key = keyOf("k");

describeCaches((storage) => {
  test("OK: the next one that waits gets the lease; the lease of somebody else stays", async () => {
    const results = resultsOf(storage(), principal());
    const { leaseId } = await results.leaseResult({ key, lease: minute });
    await results.returnResultLease({ key, leaseId: randomUUID() });
    expect(await results.leaseResult({ key, lease: minute })).toMatchObject({ leaseId: "" });
    const waiting = results.leaseResult({ key, lease: minute, wait: seconds(30) });
    await results.returnResultLease({ key, leaseId });
    const next = await waiting;
    expect(next.leaseId).not.toBe("");
    expect(next.leaseId).not.toBe(leaseId);
  });

  test("PermissionDenied: another process than orchestration", async () => {
    const call = resultsOf(storage(), principal(), "edge").returnResultLease({ key, leaseId: randomUUID() });
    expect(await failureOf(call)).toMatchObject({ code: "PermissionDenied" });
  });
});
