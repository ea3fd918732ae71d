import { http1 } from "../../edge/lib/raw-http.ts";
import { knownIn as gatewayKnownIn } from "../gateway/fixtures.ts";
import { adminEmail, type CompatMesh, password } from "../mesh.ts";

export type Sent = {
  readonly token?: string | undefined;
  /** Sent as JSON, without a media type, as CDAP's clients do. */
  readonly json?: unknown;
  readonly body?: string;
  readonly headers?: Readonly<Record<string, string>>;
};

export type ApiResponse = {
  readonly status: number;
  /** The body: text, or JSON where its media type says so. */
  readonly body: unknown;
  readonly type: string | undefined;
  readonly headers: Awaited<ReturnType<typeof http1>>["headers"];
};

/** A request to CDAP's API, as `GET /v3/namespaces`. */
export async function request(
  { port }: Pick<CompatMesh, "port">,
  line: string,
  { token, json, body = json === undefined ? undefined : JSON.stringify(json), headers }: Sent = {},
): Promise<ApiResponse> {
  const [method = "GET", path = "/"] = line.split(" ");
  const answer = await http1(port, path, {
    method,
    headers: {
      ...(token !== undefined && { authorization: `Bearer ${token}` }),
      ...(body !== undefined && { "content-length": String(Buffer.byteLength(body)) }),
      ...headers,
    },
    ...(body !== undefined && { body }),
  });
  const type = answer.headers["content-type"];
  const isJson = type?.startsWith("application/json");
  return {
    status: answer.status,
    body: isJson ? JSON.parse(answer.body) : answer.body,
    type,
    headers: answer.headers,
  };
}

export const basic = (email: string, secret: string): Readonly<Record<string, string>> => ({
  authorization: `Basic ${Buffer.from(`${email}:${secret}`).toString("base64")}`,
});

/** An access token of the administrator, by `GET /token`. */
export async function logIn(mesh: Pick<CompatMesh, "port">, email = adminEmail): Promise<string> {
  const { body } = await request(mesh, "GET /token", { headers: basic(email, password) });
  return (body as { access_token: string }).access_token;
}

/** Tokens of an administrator and of a viewer. */
export async function knownIn(mesh: Pick<CompatMesh, "port">) {
  const { ann } = await gatewayKnownIn(mesh);
  return { admin: await logIn(mesh), viewer: await logIn(mesh, ann.user.email) };
}

export type Known = Awaited<ReturnType<typeof knownIn>>;
