import { z } from "zod";
import { normalizeHost } from "../../../lib/values/normalize-host.ts";
import { invalidSetting } from "../../errors.ts";
import type { SecretDestination, SecretUse, Settings } from "../connector.ts";
import { parseSettings, settingText } from "../settings.ts";

const parametersMax = 50;
const ports = { http: 80, https: 443 } as const;

/** Name of a query parameter. */
export const parameterName = () => settingText(200);
const headerName = /^(accept|accept-language|user-agent|(?!x-forwarded-)x-[a-z0-9-]{1,62})$/i;
const headerValue = /^[\x20-\x7e]*$/;
/** Headers that carry a credential; none of them decides how the request is sent. */
const credentialHeader =
  /^(?!proxy-)(?=[a-z0-9-]{1,64}$)(x-[a-z0-9-]+|[a-z0-9-]*(key|token|auth)[a-z0-9-]*)$/i;

/** Settings that say which server answers, what is asked for, and with which credential. */
export const httpServerSettings = {
  scheme: z
    .enum(["https", "http"])
    .default("https")
    .describe("`https`, or `http` for a server without a certificate."),
  host: settingText(253)
    .regex(/^[^\s/,]+$/, "must be one host name or address")
    .describe("Host name or address."),
  port: z.int().min(1).max(65_535).optional().describe("Port of the server; by default that of the scheme."),
  path: settingText(2000)
    .regex(/^\/[\x21-\x7e]*$/, "must begin with / and have printable ASCII characters only")
    .refine(
      (path) => !/[?#\\]/.test(path),
      "must not contain ?, # and \\: parameters belong to settings.query",
    )
    .default("/")
    .describe("Path of the request, percent-encoded where needed."),
  query: z
    .record(parameterName(), settingText(2000).or(z.literal("")))
    .refine(
      (query) => Object.keys(query).length <= parametersMax,
      `must not have more than ${parametersMax} parameters`,
    )
    .optional()
    .describe('Parameters of every request, as {"status": "open"}.'),
  headers: z
    .record(
      z
        .string()
        .regex(headerName, "must be Accept, Accept-Language, User-Agent or a name that begins with X-"),
      z.string().max(1000).regex(headerValue, "must have printable ASCII characters only"),
    )
    .refine(
      (headers) => Object.keys(headers).length <= parametersMax,
      `must not have more than ${parametersMax} headers`,
    )
    .optional()
    .describe("Headers of every request: Accept, Accept-Language, User-Agent, and names that begin with X-."),
  auth: z
    .enum(["none", "basic", "bearer", "header", "query"])
    .default("none")
    .describe(
      "How the credential is sent: with a user name, as a bearer token, in a header or in a query parameter of the name authName.",
    ),
  authSecret: settingText(127)
    .optional()
    .describe(
      "Name of the secret that holds the password, token or key. Its destinations must name this connector, host and port.",
    ),
  authName: settingText(200)
    .optional()
    .describe("Name of the header or of the query parameter that carries the credential."),
  user: settingText(255)
    .refine((user) => !user.includes(":"), "must not contain a colon")
    .optional()
    .describe("User name of the auth `basic`."),
  caSecret: settingText(127)
    .optional()
    .describe(
      "Name of the secret that holds the authorities of the server's certificate in PEM, instead of the public ones. " +
        "Its destinations must name this connector, host and port, too.",
    ),
  allowInsecureLogin: z
    .boolean()
    .default(false)
    .describe(
      "Lets the credential travel where others could read it: without encryption, or to a server that only caSecret vouches " +
        "for. Takes the permission sources.insecure.",
    ),
};

const schema = z.object(httpServerSettings);
type WrittenSettings = z.output<typeof schema>;

export type HttpServerSettings = Omit<WrittenSettings, "port"> & { readonly port: number };

/** Parses settings that include `httpServerSettings`. InvalidArgument (SETTINGS_INVALID). */
export function parseHttpSettings<S extends z.ZodType<WrittenSettings>>(
  of: S,
  settings: Settings,
  field: string,
): z.output<S> & { readonly port: number } {
  const parsed = parseSettings(of, settings, field);
  const host = normalizeHost(parsed.host);
  if (host === undefined) throw invalidSetting(`${field}.host`, "must be one host name or address");
  checkAuth(parsed, field);
  if (parsed.caSecret !== undefined && parsed.scheme === "http") {
    throw invalidSetting(`${field}.caSecret`, "is for the scheme https only");
  }
  return { ...parsed, host, port: parsed.port ?? ports[parsed.scheme] };
}

const usedBy = {
  authSecret: ["basic", "bearer", "header", "query"],
  authName: ["header", "query"],
  user: ["basic"],
} as const;

function checkAuth(settings: WrittenSettings, field: string): void {
  const { auth, authName } = settings;
  for (const [name, kinds] of Object.entries(usedBy) as [keyof typeof usedBy, readonly string[]][]) {
    const isUsed = kinds.includes(auth);
    if (isUsed && settings[name] === undefined)
      throw invalidSetting(`${field}.${name}`, `is required by the auth ${auth}`);
    if (!isUsed && settings[name] !== undefined)
      throw invalidSetting(`${field}.${name}`, `is of no use with the auth ${auth}`);
  }
  if (auth === "header" && !credentialHeader.test(authName ?? "")) {
    throw invalidSetting(
      `${field}.authName`,
      "must be Authorization, begin with X-, or contain key, token or auth",
    );
  }
}

/** Every secret that the settings name. Each is only ever sent to their server. */
export function httpSecretsOf(connector: string, settings: HttpServerSettings): SecretUse[] {
  const destination = httpDestinationOf(connector, settings);
  const names = [settings.authSecret, settings.caSecret].filter((name) => name !== undefined);
  return names.map((name) => ({ name, destination }));
}

export const httpDestinationOf = (
  connector: string,
  { host, port }: HttpServerSettings,
): SecretDestination => ({
  connector,
  host,
  port,
});

/** Identifies the login that allowInsecureLogin was accepted for; undefined without it. */
export function insecureHttpLoginOf(settings: HttpServerSettings): string | undefined {
  const { scheme, host, port, auth, authSecret, caSecret, allowInsecureLogin } = settings;
  return allowInsecureLogin ? JSON.stringify([scheme, host, port, auth, authSecret, caSecret]) : undefined;
}

/** Scheme, host and port, as `https://api.example.com`. */
export function originOf({
  scheme,
  host,
  port,
}: Pick<HttpServerSettings, "scheme" | "host" | "port">): string {
  const name = host.includes(":") ? `[${host}]` : host;
  return port === ports[scheme] ? `${scheme}://${name}` : `${scheme}://${name}:${port}`;
}

/** Path and query of a request, with more parameters. */
export function targetOf(
  { path, query }: Pick<HttpServerSettings, "path" | "query">,
  more: Readonly<Record<string, string>> = {},
): string {
  const text = new URLSearchParams({ ...query, ...more }).toString();
  return text === "" ? path : `${path}?${text}`;
}

/** The settings that say which server answers, without those of the connector. */
export const serverOf = (settings: HttpServerSettings): HttpServerSettings => ({
  ...schema.parse(settings),
  port: settings.port,
});
