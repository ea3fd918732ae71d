import { MethodOptions_IdempotencyLevel } from "@bufbuild/protobuf/wkt";
import { expect, test } from "vitest";
import { delegatePermission, permissionsOf, roles } from "../../services/lib/rpc/permissions.ts";
import { accessOf, allMethods, bindingsOf, fullName } from "../lib/contracts.ts";

const methods = await allMethods();

test("every method says who may call it", () => {
  expect(methods.filter((method) => accessOf(method)?.case === undefined).map(fullName)).toEqual([]);
});

test("every method that is not internal has a REST binding, and no internal one has", () => {
  const isInternal = (method: (typeof methods)[number]) => accessOf(method)?.case === "internal";
  const wrong = methods.filter((method) => isInternal(method) === bindingsOf(method).length > 0);
  expect(wrong.map(fullName)).toEqual([]);
});

test("every permission that a method asks for is some role's, or one that keys have by name", () => {
  const known = new Set([...permissionsOf(roles), delegatePermission]);
  const asked = methods.map(accessOf).filter((kind) => kind?.case === "permission");
  expect(asked.map((kind) => kind?.value).filter((permission) => !known.has(String(permission)))).toEqual([]);
});

test("a method is bound to GET exactly when it has no side effects", () => {
  const wrong = methods.filter((method) => {
    const bindings = bindingsOf(method);
    const readsOnly = method.idempotency === MethodOptions_IdempotencyLevel.NO_SIDE_EFFECTS;
    return bindings.length > 0 && bindings.every(({ pattern }) => pattern.case === "get") !== readsOnly;
  });
  expect(wrong.map(fullName)).toEqual([]);
});

test("REST routes are those of the golden file", async () => {
  const lines = methods.flatMap((method) =>
    bindingsOf(method).map(({ pattern, body }) => {
      const verb = String(pattern.case).toUpperCase().padEnd(6);
      const kind = accessOf(method);
      const who = kind?.case === "permission" ? kind.value : kind?.case;
      return `${verb} ${pattern.value}${body ? ` body=${body}` : ""} -> ${fullName(method)} (${who})`;
    }),
  );
  await expect(`${lines.sort().join("\n")}\n`).toMatchFileSnapshot("routes.golden.txt");
});
