import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, expect, test } from "vitest";
import { readIssuersFile } from "../../services/identity/oidc/issuers-file.ts";

const folder = mkdtempSync(join(tmpdir(), "sluice-"));
afterAll(() => rmSync(folder, { recursive: true }));

const minimal = {
  name: "corp",
  issuer: "https://login.example.org/realms/corp",
  client_id: "sluice",
  org: { name: "main" },
  default_roles: ["viewer"],
};

function read(content: unknown, env: Record<string, string> = {}) {
  const path = join(folder, "issuers.json");
  writeFileSync(path, typeof content === "string" ? content : JSON.stringify(content));
  return readIssuersFile({ OIDC_ISSUERS_FILE: path, ...env });
}

const problemsOf = (changes: object) => read({ issuers: [{ ...minimal, ...changes }] }).problems;

test("OK: without a file there are no issuers", () => {
  expect(readIssuersFile({})).toEqual({ issuers: [], problems: [] });
});

test("OK: an issuer with the defaults", () => {
  expect(read({ issuers: [minimal] })).toEqual({
    problems: [],
    issuers: [
      {
        ...minimal,
        client_authentication: "basic",
        clientSecretValue: undefined,
        algorithms: ["RS256"],
        scopes: ["openid", "email", "profile"],
        userinfo: false,
        redirect_uris: [],
        roles: [],
        groups: [],
        create_accounts: false,
        link_by_verified_email: false,
        assume_email_verified: false,
        session_max_hours: 12,
        clock_tolerance_seconds: 30,
        cooldown_seconds: 10,
      },
    ],
  });
});

test("OK: a secret is a file, or a variable of its name", () => {
  const settings = { issuers: [{ ...minimal, client_secret: "oidc_corp" }] };
  writeFileSync(join(folder, "oidc_corp"), "from a file\n");
  const secretOf = (env: Record<string, string>) => read(settings, env).issuers[0]?.clientSecretValue;
  expect(secretOf({ SECRETS_MNT_PATH: folder })).toBe("from a file");
  expect(secretOf({ OIDC_CORP: "from a variable" })).toBe("from a variable");
  expect(read(settings).problems).toEqual([
    "OIDC_ISSUERS_FILE: issuers[0].client_secret: there is no secret oidc_corp",
  ]);
});

test("problems: a file that can't be read, or is no JSON", () => {
  expect(readIssuersFile({ OIDC_ISSUERS_FILE: join(folder, "missing.json") }).problems).toEqual([
    "OIDC_ISSUERS_FILE: can't be read (ENOENT)",
  ]);
  expect(read("{").problems).toEqual(["OIDC_ISSUERS_FILE: must be JSON"]);
});

test("problems: each with its path, all at once", () => {
  const wrong = {
    name: "Corp",
    issuer: "http://login.example.org",
    algorithms: ["HS256"],
    scopes: ["email"],
    default_roles: ["platform-admin"],
    clock_tolerance_seconds: 301,
    org: {},
    secret: "x",
  };
  expect(problemsOf(wrong)).toEqual([
    "OIDC_ISSUERS_FILE: issuers[0].name: must be a small letter and up to 62 small letters, digits and hyphens",
    "OIDC_ISSUERS_FILE: issuers[0].issuer: must be a URL with https, or with http on a loopback address",
    "OIDC_ISSUERS_FILE: issuers[0].algorithms[0]: must be an asymmetric algorithm, such as RS256, PS256, ES256 or EdDSA",
    "OIDC_ISSUERS_FILE: issuers[0].scopes: must include openid",
    'OIDC_ISSUERS_FILE: issuers[0].org: must be {"name": …}, or {"claim": …, "map": {…}}',
    "OIDC_ISSUERS_FILE: issuers[0].default_roles[0]: must be one of viewer, editor, approver and admin",
    "OIDC_ISSUERS_FILE: issuers[0].clock_tolerance_seconds: must be 300 or less",
    'OIDC_ISSUERS_FILE: issuers[0]: Unrecognized key: "secret"',
  ]);
});

test.each([
  ["an algorithm none", { algorithms: ["none"] }, "algorithms[0]"],
  ["a query in the issuer", { issuer: "https://login.example.org/?x" }, "issuer"],
  ["a redirect in cleartext", { redirect_uris: ["http://app.example.org/"] }, "redirect_uris[0]"],
  ["no role at all", { default_roles: [] }, "default_roles"],
  ["a secret's value in place of its name", { client_secret: "S3cret!" }, "client_secret"],
  [
    "accounts linked by addresses that nobody verified",
    { link_by_verified_email: true, assume_email_verified: true },
    "assume_email_verified",
  ],
  ["ID tokens as access tokens", { bearer: { audiences: ["sluice"], types: ["JWT"] } }, "bearer.audiences"],
])("problems: %s", (_title, changes, path) => {
  expect(problemsOf(changes)).toEqual([expect.stringMatching(/^OIDC_ISSUERS_FILE: /)]);
  expect(problemsOf(changes)[0]).toContain(`: issuers[0].${path}: `);
});

test("problems: two issuers with one name, or one URL", () => {
  expect(read({ issuers: [minimal, { ...minimal }] }).problems).toEqual([
    "OIDC_ISSUERS_FILE: issuers: must have different names",
    "OIDC_ISSUERS_FILE: issuers: must have different issuer URLs",
  ]);
});
