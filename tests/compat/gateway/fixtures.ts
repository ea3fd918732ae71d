import { randomUUID } from "node:crypto";
import { http1 } from "../../edge/lib/raw-http.ts";
import { adminEmail, type CompatMesh, password } from "../mesh.ts";

export type Sent = {
  readonly token?: string | undefined;
  /** Sent as JSON. */
  readonly json?: unknown;
  readonly headers?: Readonly<Record<string, string>>;
  readonly body?: string;
};

/** A request to the JWT gateway's API, as `GET /api_v1/users`; its status, its body and its headers. */
export async function request({ port }: Pick<CompatMesh, "port">, line: string, sent: Sent = {}) {
  const [method = "GET", path = "/"] = line.split(" ");
  const { token, json, body = json === undefined ? undefined : JSON.stringify(json) } = sent;
  const headers = {
    ...(token !== undefined && { authorization: `Bearer ${token}` }),
    ...(json !== undefined && { "content-type": "application/json" }),
    ...(body !== undefined && { "content-length": String(Buffer.byteLength(body)) }),
    ...sent.headers,
  };
  const answer = await http1(port, path, { method, headers, ...(body !== undefined && { body }) });
  return {
    status: answer.status,
    body: answer.body === "" ? undefined : JSON.parse(answer.body),
    headers: answer.headers,
  };
}

export async function logIn(mesh: Pick<CompatMesh, "port">, email = adminEmail) {
  const { body } = await request(mesh, "POST /api_v1/auth/access", { json: { email, password } });
  return { accessToken: String(body.access_token), refreshToken: String(body.refresh_token) };
}

export const newEmail = (): string => `${randomUUID()}@example.org`;

/** Adds a user with the administrator's token. Returns the user and a token of the user's own. */
export async function newUser(mesh: Pick<CompatMesh, "port">, adminToken: string, more: object = {}) {
  const json = { email: newEmail(), password, ...more };
  const { body } = await request(mesh, "POST /api_v1/users", { token: adminToken, json });
  return { user: body as { id: string; email: string }, ...(await logIn(mesh, json.email)) };
}

/** Tokens of an administrator, of a viewer, and of a user who is gone. */
export async function knownIn(mesh: Pick<CompatMesh, "port">) {
  const admin = await logIn(mesh);
  const ann = await newUser(mesh, admin.accessToken, { first_name: "Ann", last_name: "van der Berg" });
  const gone = await newUser(mesh, admin.accessToken);
  await request(mesh, `DELETE /api_v1/users/${gone.user.id}`, { token: admin.accessToken });
  return { admin, ann, gone };
}

export type Known = Awaited<ReturnType<typeof knownIn>>;
