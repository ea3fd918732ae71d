import { randomUUID } from "node:crypto";
import { expect, vi } from "vitest";
import { http1, type RawResponse } from "../../edge/lib/raw-http.ts";

/** The password that `startMesh` gives to the first administrator. */
const adminPassword = "a long first password";
const password = "correct horse battery staple";

export type Sent = {
  readonly headers?: Readonly<Record<string, string>> | undefined;
  /** Sent as JSON. */
  readonly json?: unknown;
  readonly form?: Readonly<Record<string, string>> | undefined;
  /** Sent as it is. */
  readonly body?: string | Buffer;
};

const boundary = "a-line-that-no-file-has";

/** A form; the part `file` is a file, and comes last. */
function formOf(fields: Readonly<Record<string, string>>): string {
  const { file, name = "sales.csv", type = "text/csv", ...others } = fields;
  const part = (head: string, value: string) => `--${boundary}\r\n${head}\r\n\r\n${value}\r\n`;
  const texts = Object.entries(others).map(([field, value]) =>
    part(`content-disposition: form-data; name="${field}"`, value),
  );
  const files =
    file === undefined
      ? []
      : [
          part(
            `content-disposition: form-data; name="file"; filename="${name}"\r\ncontent-type: ${type}`,
            file,
          ),
        ];
  return `${[...texts, ...files].join("")}--${boundary}--\r\n`;
}

/** Index of the port that RiverGen has a path at. */
const partOf = (path: string): 0 | 1 | 2 =>
  path.startsWith("/api/v1/staging") ? 2 : /^\/(internal|api\/v1\/(storage|models))/.test(path) ? 1 : 0;

export type Target = { readonly port: number; readonly ports: readonly [number, number, number] };

/** A request to RiverGen's API, as `GET /api/v1/storage/files`, at the port of its path. */
export async function request(target: Target, line: string, sent: Sent = {}): Promise<RawResponse> {
  const [method = "GET", path = "/"] = line.split(" ");
  return send(target.ports[partOf(path)], line, { ...sent, method } as Sent);
}

/** A request to Sluice's own API; its JSON. */
export async function native({ port }: Target, line: string, sent: Sent = {}) {
  const { status, body } = await send(port, line, sent);
  if (status >= 300) throw new Error(`${line}: ${status} ${body}`);
  return body === "" ? {} : JSON.parse(body);
}

export async function send(port: number, line: string, sent: Sent = {}): Promise<RawResponse> {
  const [method = "GET", path = "/"] = line.split(" ");
  const form = sent.form && formOf(sent.form);
  const body = sent.body ?? form ?? (sent.json === undefined ? undefined : JSON.stringify(sent.json));
  const headers = {
    ...(sent.json !== undefined && { "content-type": "application/json" }),
    ...(form !== undefined && { "content-type": `multipart/form-data; boundary=${boundary}` }),
    ...(body !== undefined && { "content-length": String(Buffer.byteLength(body)) }),
    ...sent.headers,
  };
  return http1(port, path, { method, headers, ...(body !== undefined && { body }) });
}

export const bearer = (token: string) => ({ authorization: `Bearer ${token}` });

async function logIn(target: Target, email: string, secret: string): Promise<string> {
  const { accessToken } = await native(target, "POST /api/v1/auth/token", {
    json: { email, password: secret },
  });
  return accessToken;
}

/** A user of the first organisation. */
async function newUser(target: Target, admin: string, role: string) {
  const email = `${randomUUID()}@example.org`;
  const { user } = await native(target, "POST /api/v1/users", {
    headers: bearer(admin),
    json: { user: { email, displayName: role }, password, roles: [role] },
  });
  return { userId: String(user.userId), headers: bearer(await logIn(target, email, password)) };
}

/** Callers of several kinds, all in one organisation. */
export async function callersIn(target: Target) {
  const admin = await logIn(target, "admin@sluice.local", adminPassword);
  const who = await native(target, "GET /api/v1/auth/whoami", { headers: bearer(admin) });
  const orgId = String(who.orgId);
  const [ann, bob, viewer] = await Promise.all(
    ["editor", "editor", "viewer"].map((role) => newUser(target, admin, role)),
  );
  const { secret } = await native(target, "POST /api/v1/api-keys", {
    headers: bearer(admin),
    json: {
      apiKey: {
        displayName: "RiverGen",
        permissions: ["principals.delegate"],
        delegateOrgIds: [orgId],
        defaultOrgId: orgId,
      },
    },
  });
  if (!ann || !bob || !viewer) throw new Error("no users");
  const speaking = (userId: string) => ({ ...bearer(secret), "x-org-id": orgId, "x-user-id": userId });
  return {
    orgId,
    admin: bearer(admin),
    ann: ann.headers,
    annId: ann.userId,
    bob: bob.headers,
    bobId: bob.userId,
    viewer: viewer.headers,
    /** The platform, on behalf of Ann. */
    service: speaking(ann.userId),
    /** The platform, on behalf of the viewer. */
    weakService: speaking(viewer.userId),
    key: bearer(secret),
  };
}

export type Callers = Awaited<ReturnType<typeof callersIn>>;

/** Ann's file that a source reads. */
const csv = `id,city\n${Array.from({ length: 30 }, (_, at) => `${at},Delft`).join("\n")}\n`;

/** What the rows of the table name: files, a source with its table, a job that ended, and models. */
export async function thingsOf(target: Target, callers: Callers) {
  const { ann: headers, bob, service } = callers;
  const upload = async (who: Record<string, string>, form: Record<string, string>) =>
    JSON.parse((await request(target, "POST /api/v1/storage/upload", { headers: who, form })).body).data;
  const cities = await upload(headers, { path: "reports/2026", file: csv, name: "cities.csv" });
  const doomed = await upload(headers, { file: "x", name: "doomed.txt", type: "text/plain" });
  const bobs = await upload(bob, { file: "y", name: "bobs.txt", type: "text/plain" });
  const { source } = await native(target, "POST /api/v1/sources", {
    headers,
    json: {
      source: { displayName: "cities", connector: "file", settings: { fileId: cities.storage_file_id } },
    },
  });
  const { added } = await native(target, "POST /api/v1/catalog:discover", {
    headers,
    json: { sourceId: source.sourceId },
  });
  const model = await modelOf(target, headers, "churn", cities.storage_file_id);
  const promoted = await modelOf(target, headers, "promoted", cities.storage_file_id);
  await native(target, `POST /api/v1/storage/models/${promoted}/versions/1:setStage`, {
    headers: callers.admin,
    json: { stage: "MODEL_STAGE_PRODUCTION" },
  });
  await request(target, "PUT /internal/cache/known", { headers: service, json: { value: { a: [1, null] } } });
  const job = await jobOf(target, headers, source.sourceId);
  return {
    object: String(cities.file_path),
    fileId: String(cities.storage_file_id),
    doomed: String(doomed.file_path),
    bobs: String(bobs.file_path),
    sourceId: String(source.sourceId),
    table: added[0],
    tableId: String(added[0].tableId),
    model,
    promoted,
    jobId: job,
  };
}

export type Things = Awaited<ReturnType<typeof thingsOf>>;

async function modelOf(target: Target, headers: Record<string, string>, name: string, fileId: string) {
  const { body } = await request(target, "POST /api/v1/storage/models", {
    headers,
    json: {
      model_name: name,
      files: [{ path: "model.bin", storage_file_id: fileId }],
      algorithm: "trees",
      signature: {
        inputs: [{ name: "age", type: "double" }],
        outputs: [{ name: "churns", type: "boolean" }],
      },
    },
  });
  return String(JSON.parse(body).data.model_id);
}

/** A job of the source's table that has ended well. */
async function jobOf(target: Target, headers: Record<string, string>, sourceId: string): Promise<string> {
  const json = { data_source_id: sourceId, tables: ["cities"] };
  const created = await request(target, "POST /api/v1/staging/jobs", { headers, json });
  const jobId = String(JSON.parse(created.body).data?.job_id);
  const status = async () =>
    JSON.parse((await request(target, `GET /api/v1/staging/jobs/${jobId}`, { headers })).body).data?.status;
  await vi.waitFor(async () => expect(await status()).toBe("succeeded"), { timeout: 60_000, interval: 50 });
  return jobId;
}
