import { sourceDataInvalid } from "../../../errors.ts";
import type { Limit } from "../../../timing/limit.ts";
import { createHttpClient, type HttpClient } from "../../http/http-client.ts";
import { readBody } from "../../http/read-body.ts";
import type { HttpResponse } from "../../http/send-request.ts";
import { originOf } from "../../http/server-settings.ts";
import { quoteName } from "../quote.ts";
import type { TrinoLogin } from "../trino-login.ts";
import { type Cell, type Results, readResults } from "../wire/results.ts";
import { toStatementFailure } from "./failures.ts";
import { createResultSet, type ResultSet } from "./result-set.ts";

/** Statements in one transaction that only reads. */
export type Session = {
  readonly login: TrinoLogin;
  /** Aborts when the session ends. */
  readonly closed: AbortSignal;
  /** Starts a statement that has rows. InvalidArgument (SQL_INVALID, STATEMENT_REFUSED). */
  open(sql: string): Promise<ResultSet>;
  /** All rows of a short result. */
  readAll(sql: string): Promise<readonly (readonly Cell[])[]>;
};

const responseBytesMax = 64 * 1024 * 1024;
/** Maximum of cells in the results of `readAll`. */
const rowsMax = 1_000_000;
/** Timeout of cancelling a statement, in milliseconds. */
const cancelMs = 2000;

/** Runs work in a transaction that only reads; it is rolled back afterwards. */
export async function withSession<T>(
  login: TrinoLogin,
  limit: Limit,
  work: (session: Session) => Promise<T>,
): Promise<T> {
  using client = createHttpClient({ settings: login.settings, login, limit });
  const ended = new AbortController();
  const running = new Set<ResultSet>();
  const headers = headersOf(login, limit);
  const transaction = await begin(client, headers, limit);
  const session = createSession({
    login,
    client,
    headers,
    limit,
    transaction,
    running,
    closed: ended.signal,
  });
  try {
    return await work(session);
  } finally {
    await Promise.all([...running].map((result) => result.stop()));
    ended.abort();
    if (!limit.signal.aborted) await rollback(client, headers, limit, transaction);
  }
}

type Headers = Readonly<Record<string, string>>;

const plainName = /^[\w-]+$/;

function headersOf({ settings }: TrinoLogin, { timeoutMs }: Limit): Headers {
  const { user, catalog, schemas = [] } = settings;
  const [schema = ""] = schemas;
  return {
    "x-trino-user": user,
    // Names without a catalog or schema mean these. Other characters would need an encoding, and are seldom.
    ...(plainName.test(catalog) && {
      "x-trino-catalog": catalog,
      ...(schemas.length === 1 && plainName.test(schema) && { "x-trino-schema": schema }),
    }),
    "x-trino-source": "sluice",
    "x-trino-time-zone": "UTC",
    "x-trino-client-capabilities": "PARAMETRIC_DATETIME",
    "x-trino-session": `query_max_run_time=${Math.max(1, Math.ceil(timeoutMs))}ms`,
    "content-type": "text/plain; charset=utf-8",
  };
}

/** Trino's transactions refuse writes on their own. */
async function begin(client: HttpClient, headers: Headers, limit: Limit): Promise<string> {
  const none = { ...headers, "x-trino-transaction-id": "NONE" };
  let id: string | undefined;
  const onResponse = (response: HttpResponse) => {
    const started = response.headers["x-trino-started-transaction-id"];
    if (typeof started === "string" && /^[\w-]{1,100}$/.test(started)) id = started;
  };
  const request = { client, headers: none, limit, onResponse };
  await drain(request, await send(request, "START TRANSACTION READ ONLY"));
  if (id === undefined) throw sourceDataInvalid("the server starts no transaction: it may not be Trino");
  return id;
}

async function rollback(
  client: HttpClient,
  headers: Headers,
  limit: Limit,
  transaction: string,
): Promise<void> {
  const request = { client, headers: { ...headers, "x-trino-transaction-id": transaction }, limit };
  // The server ends an idle transaction by itself.
  await send(request, "ROLLBACK")
    .then(
      (first) => drain(request, first),
      () => {},
    )
    .catch(() => {});
}

type StatementRequest = {
  readonly client: HttpClient;
  readonly headers: Headers;
  readonly limit: Limit;
  readonly onResponse?: (response: HttpResponse) => void;
};

const send = async (request: StatementRequest, sql: string): Promise<Results> =>
  await take(request, await request.client.post("/v1/statement", sql, request.headers));

async function take({ limit, onResponse }: StatementRequest, response: HttpResponse): Promise<Results> {
  onResponse?.(response);
  const chunks: Uint8Array[] = [];
  const bounds = { origin: "Trino", bytesMax: responseBytesMax, signal: limit.signal };
  for await (const chunk of readBody(response.body, bounds)) chunks.push(chunk);
  const results = readResults(chunks);
  if (results.error) throw toStatementFailure(results.error);
  return results;
}

const follow = async (request: StatementRequest, next: string): Promise<Results> =>
  await take(request, await request.client.get(next, request.headers));

async function drain(request: StatementRequest, first: Results): Promise<void> {
  let { next } = first;
  while (next !== undefined) ({ next } = await follow(request, next));
}

type SessionParts = {
  readonly login: TrinoLogin;
  readonly client: HttpClient;
  readonly headers: Headers;
  readonly limit: Limit;
  readonly transaction: string;
  readonly running: Set<ResultSet>;
  readonly closed: AbortSignal;
};

function createSession({
  login,
  client,
  headers,
  limit,
  transaction,
  running,
  closed,
}: SessionParts): Session {
  const request = { client, headers: { ...headers, "x-trino-transaction-id": transaction }, limit };

  async function open(sql: string): Promise<ResultSet> {
    const result: ResultSet & { start(): Promise<void> } = createResultSet(await send(request, sql), {
      follow: (next) => follow(request, next),
      stop: (next) => client.delete(next, request.headers, cancelMs),
      onEnd: () => void running.delete(result),
    });
    running.add(result);
    await result.start();
    return result;
  }

  return {
    login,
    closed,
    open,
    async readAll(sql) {
      const result = await open(sql);
      const rows: (readonly Cell[])[] = [];
      for (let found = await result.next(); found; found = await result.next()) {
        rows.push(...found.rows);
        if (rows.length > rowsMax)
          throw sourceDataInvalid(`${originOf(login.settings)} answers without an end`);
      }
      return rows;
    },
  };
}

/** A table with its catalog and schema, as quoted names. */
export const tableNameOf = ({ settings }: TrinoLogin, schemaName: string, name: string): string =>
  [settings.catalog, schemaName, name].map(quoteName).join(".");
