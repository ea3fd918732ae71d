import { expect, test } from "vitest";
import { failureOf } from "../lib/failure-of.ts";
import { principal } from "../lib/test-mesh.ts";
import { bytes, describeCaches, seconds } from "./cache-stores.ts";
import { keyOf, minute, resultsOf } from "./results.ts";

describeCaches((storage) => {
  test("OK: one of those that miss a result gets the lease, the others its result; a viewer may be among them", async () => {
    const results = resultsOf(storage(), principal({ roles: ["viewer"] }));
    const place = { key: keyOf("a"), lease: minute };
    const { leaseId, value } = await results.leaseResult(place);
    expect(value).toBeUndefined();
    expect(leaseId).not.toBe("");
    expect(await results.leaseResult(place)).toMatchObject({ leaseId: "" });
    const waiting = results.leaseResult({ ...place, wait: seconds(30) });
    await results.setResult({ key: place.key, value: bytes("result"), ttl: minute, leaseId });
    expect(await waiting).toMatchObject({ value: Buffer.from("result"), leaseId: "" });
  });

  test("OK: a miss for another organisation and in another namespace", async () => {
    const who = principal();
    const place = { key: keyOf("b"), lease: minute };
    await resultsOf(storage(), who).setResult({ key: place.key, value: bytes("result"), ttl: minute });
    const others = [
      resultsOf(storage(), principal()).leaseResult(place),
      resultsOf(storage(), who).leaseResult({ ...place, namespace: "other" }),
    ];
    for (const { value } of await Promise.all(others)) expect(value).toBeUndefined();
  });

  test("InvalidArgument: a key that is no hash, no lease, and a long wait", async () => {
    const results = resultsOf(storage(), principal());
    for (const [field, request] of [
      ["key", { key: "k", lease: minute }],
      ["lease", { key: keyOf("a") }],
      ["wait", { key: keyOf("a"), lease: minute, wait: seconds(31) }],
    ] as const)
      expect(await failureOf(results.leaseResult(request))).toMatchObject({
        code: "InvalidArgument",
        fields: [field],
      });
  });

  test("PermissionDenied: another process than orchestration", async () => {
    const call = resultsOf(storage(), principal(), "edge").leaseResult({ key: keyOf("a"), lease: minute });
    expect(await failureOf(call)).toMatchObject({ code: "PermissionDenied" });
  });
});
