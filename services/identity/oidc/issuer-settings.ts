import { z } from "zod";
import { isLoopbackUrl } from "./loopback-url.ts";

export type IssuerSettings = z.output<typeof issuer>;

/** Asymmetric algorithms only: a public key must never verify as the secret of an HMAC. */
const algorithm = z.enum(
  ["RS256", "RS384", "RS512", "PS256", "PS384", "PS512", "ES256", "ES384", "ES512", "EdDSA", "Ed25519"],
  "must be an asymmetric algorithm, such as RS256, PS256, ES256 or EdDSA",
);

/** `platform-admin` is not among them: no claim gives it. */
const role = z.enum(
  ["viewer", "editor", "approver", "admin"],
  "must be one of viewer, editor, approver and admin",
);

const text = z.string().min(1, "must not be empty").max(255, "must have 255 characters or fewer");
const secondsPerHour = 3600;
const sessionHoursMax = 24 * 30;

/** Name of a claim, or the names on the way to it in nested objects. Names may contain dots and slashes. */
const claim = z
  .union(
    [
      text.transform((name) => [name]),
      z.array(text).min(1, "must name a claim").max(8, "must have 8 names or fewer"),
    ],
    "must be a name, or a list of names",
  )
  .readonly();

const safeUrl = z
  .string("must be a URL")
  .max(2048, "must have 2048 characters or fewer")
  .refine(
    (url) => URL.canParse(url) && (url.startsWith("https://") || isLoopbackUrl(url)),
    "must be a URL with https, or with http on a loopback address",
  );

const orgRule = z.union(
  [
    z.strictObject({ name: text }),
    z.strictObject({
      claim,
      map: z.record(text, text, "must map values of the claim to names of organisations"),
    }),
  ],
  'must be {"name": …}, or {"claim": …, "map": {…}}',
);

const roleRule = z.strictObject({
  claim,
  values: z.array(text).min(1, "must name a value"),
  roles: z.array(role).min(1, "must name a role"),
});

const groupRule = z.strictObject({ claim, prefix: z.string().max(255).default("") });

const bearer = z.strictObject({
  audiences: z.array(text).min(1, "must name an audience"),
  types: z
    .array(z.enum(["at+jwt", "JWT"], "must be at+jwt or JWT"))
    .min(1, "must name a type")
    .default(["at+jwt"]),
});

const issuer = z
  .strictObject({
    name: z
      .string("must be a name")
      .regex(
        /^[a-z][a-z0-9-]{0,62}$/,
        "must be a small letter and up to 62 small letters, digits and hyphens",
      ),
    display_name: text.optional(),
    issuer: safeUrl.refine((url) => !/[?#]/.test(url), "must have no query and no fragment"),
    client_id: text,
    client_secret: z
      .string()
      .regex(/^oidc_[a-z0-9_]{1,58}$/, "must be the name of a secret: oidc_ and small letters, digits and _")
      .optional(),
    client_authentication: z.enum(["basic", "post"], "must be basic or post").default("basic"),
    algorithms: z.array(algorithm).min(1, "must name an algorithm").default(["RS256"]),
    scopes: z
      .array(text)
      .refine((scopes) => scopes.includes("openid"), "must include openid")
      .default(["openid", "email", "profile"]),
    userinfo: z.boolean("must be true or false").default(false),
    redirect_uris: z.array(safeUrl).default([]),
    org: orgRule,
    roles: z.array(roleRule).default([]),
    default_roles: z.array(role).default([]),
    groups: z.array(groupRule).default([]),
    create_accounts: z.boolean("must be true or false").default(false),
    link_by_verified_email: z.boolean("must be true or false").default(false),
    assume_email_verified: z.boolean("must be true or false").default(false),
    session_max_hours: z
      .number("must be a number")
      .gt(0, "must be more than 0")
      .max(sessionHoursMax, `must be ${sessionHoursMax} or less`)
      .default(12),
    clock_tolerance_seconds: z
      .int("must be a whole number")
      .min(0, "must be 0 or more")
      .max(300, "must be 300 or less")
      .default(30),
    cooldown_seconds: z
      .int("must be a whole number")
      .min(0, "must be 0 or more")
      .max(secondsPerHour, `must be ${secondsPerHour} or less`)
      .default(10),
    bearer: bearer.optional(),
  })
  .refine(
    ({ bearer: accepted, client_id }) =>
      !accepted?.types.includes("JWT") || !accepted.audiences.includes(client_id),
    {
      path: ["bearer", "audiences"],
      message: "must not include client_id while types include JWT: ID tokens would be accepted",
    },
  )
  .refine((one) => !(one.link_by_verified_email && one.assume_email_verified), {
    path: ["assume_email_verified"],
    message: "must not be set together with link_by_verified_email: accounts could be taken over",
  })
  .refine(({ roles, default_roles }) => roles.length > 0 || default_roles.length > 0, {
    path: ["default_roles"],
    message: "must name a role, unless roles has rules",
  });

/** The file of OIDC_ISSUERS_FILE. docs/oidc.md describes each setting. */
export const issuersFile = z.strictObject({
  issuers: z
    .array(issuer, "must be a list of issuers")
    .max(20, "must have 20 issuers or fewer")
    .refine((all) => isUnique(all.map(({ name }) => name)), "must have different names")
    .refine((all) => isUnique(all.map((one) => one.issuer)), "must have different issuer URLs"),
});

const isUnique = (values: readonly string[]): boolean => new Set(values).size === values.length;
