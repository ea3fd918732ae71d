import fc from "fast-check";
import { expect, test } from "vitest";
import { ErrorReason } from "../../gen/sluice/common/v1/errors_pb.ts";
import type { IssuerConfig } from "../../services/identity/oidc/issuers-file.ts";
import { mapClaims } from "../../services/identity/oidc/map-claims.ts";
import { hasReason } from "../../services/lib/rpc/errors.ts";
import { issuerOf } from "./oidc/issuer-of.ts";

const of = (rules: Record<string, unknown>): IssuerConfig => issuerOf("corp", "http://127.0.0.1:1", rules);
const map = (rules: Record<string, unknown>, claims: Record<string, unknown>) =>
  mapClaims(of(rules), { sub: "s", exp: 0, ...claims });

test.each([
  ["a text", { groups: "eng" }],
  ["a list", { groups: [1, null, "eng", {}] }],
])("OK: a value of a rule in %s", (_title, claims) => {
  const roles = [{ claim: "groups", values: ["eng"], roles: ["editor", "editor"] }];
  expect(map({ roles }, claims)).toEqual({ org: "main", roles: ["editor"], groups: [] });
});

test.each([
  ["a name with dots and slashes", "https://example.org/a.b", { "https://example.org/a.b": true }],
  ["a path", ["a", "b"], { a: { b: [true] } }],
])("OK: %s as claim", (_title, claim, claims) => {
  const roles = [{ claim, values: ["true"], roles: ["admin"] }];
  expect(map({ roles }, claims).roles).toEqual(["admin"]);
});

test("OK: the default roles, where no rule matches; none of ours, where there are no rules", () => {
  const roles = [{ claim: ["__proto__", "constructor", "name"], values: ["Object"], roles: ["admin"] }];
  expect(map({ roles }, {}).roles).toEqual(["viewer"]);
  expect(map({}, {}).roles).toBeUndefined();
});

test("OK: groups by prefix, without what is no name", () => {
  const groups = ["team-a", "team-a", "team-\0", `team-${"x".repeat(196)}`, "other", "", 7];
  expect(map({ groups: [{ claim: "g", prefix: "team-" }] }, { g: groups }).groups).toEqual(["team-a"]);
  const most = Array.from({ length: 200 }, (_, index) => `g${index}`);
  expect(map({ groups: [{ claim: "g" }] }, { g: most }).groups).toHaveLength(200);
  expect(() => map({ groups: [{ claim: "g" }] }, { g: [...most, "one more"] })).toThrow(
    "more than 200 groups",
  );
});

test("OK: whatever the claims are, they give nothing that the rules do not name, or are refused by reason", () => {
  const rules = {
    org: { claim: "o", map: { x: "main" } },
    roles: [{ claim: ["r", "s"], values: ["v"], roles: ["editor"] }],
    groups: [{ claim: "g", prefix: "p" }],
  };
  fc.assert(
    fc.property(
      fc.record({ o: fc.oneof(fc.constant("x"), fc.anything()), r: fc.anything(), g: fc.anything() }),
      (claims) => {
        try {
          const { org, roles = [], groups } = map(rules, claims);
          expect(org).toBe("main");
          expect(["viewer", "editor"]).toEqual(expect.arrayContaining([...roles]));
          expect(groups.every((group) => group.startsWith("p"))).toBe(true);
        } catch (error) {
          if (!hasReason(error, ErrorReason.ACCOUNT_UNKNOWN)) throw error;
        }
      },
    ),
  );
});
