import { once } from "node:events";
import type { Writable } from "node:stream";
import { JsonError } from "../../engine/files/json/json-error.ts";
import { feedPipe } from "../../engine/pipes/feed-pipe.ts";
import { executionTooLarge, sourceDataInvalid } from "../../errors.ts";
import type { Operation } from "../../source-process/operation.ts";
import type { Limit } from "../../timing/limit.ts";
import type { Fetched } from "../http/fetched.ts";
import { createHttpClient, type HttpClient } from "../http/http-client.ts";
import type { HttpLogin } from "../http/prepare-http-login.ts";
import { readBody } from "../http/read-body.ts";
import type { HttpResponse } from "../http/send-request.ts";
import { serverNameOf } from "../http/server-name.ts";
import { originOf } from "../http/server-settings.ts";
import { createPaging } from "./paging.ts";
import { namesOf, type Page, readPage } from "./read-page.ts";
import type { HttpJsonSettings } from "./settings.ts";
import type { Range } from "./walk-json.ts";

type ApiRequest = {
  readonly login: HttpLogin;
  readonly settings: HttpJsonSettings;
  readonly timeoutMs: number;
};

/** Maximum of a response, and of all rows of an API, in bytes. */
const pageBytesMax = 32 * 1024 ** 2;
const rowsBytesMax = 4 * 1024 ** 3;

/** Writes all rows of an API to a pipe, each as a line of JSON. */
export const fetchRows: Operation<ApiRequest & { readonly outputPath: string }, Fetched> = (
  { outputPath, ...request },
  { signal },
) =>
  feedPipe(outputPath, signal, async (pipe) => {
    const limit = { signal, timeoutMs: request.timeoutMs };
    let bytes = 0;
    for await (const { page, rows } of pagesOf(request, limit)) {
      for (const row of rows) {
        const line = lineOf(page.bytes.subarray(row.from, row.to));
        bytes += line.length;
        if (bytes > rowsBytesMax)
          throw executionTooLarge(`the API has more than ${rowsBytesMax / 1024 ** 3} GiB of rows`);
        await write(pipe, line, signal);
      }
    }
    return { isUnchanged: false, etag: undefined };
  });

/** Reads the first page, and returns what the server calls itself. */
export const testApi: Operation<ApiRequest, { serverVersion: string }> = async (request, { signal }) => {
  for await (const { server } of pagesOf(request, { signal, timeoutMs: request.timeoutMs })) {
    return { serverVersion: server };
  }
  return { serverVersion: "" };
};

type ApiPage = { readonly page: Page; readonly rows: readonly Range[]; readonly server: string };

async function* pagesOf({ login, settings }: ApiRequest, limit: Limit): AsyncGenerator<ApiPage> {
  using client = createHttpClient({ settings, login, limit });
  const paging = createPaging(settings, client.resolve);
  let path: string | undefined = paging.first;
  for (let number = 1; path !== undefined; number += 1) {
    if (number > settings.pagesMax) throw tooManyPages(settings);
    const { response, page, rows, cursor } = await fetchPage(client, path, number, settings, limit.signal);
    yield { page, rows, server: serverNameOf(response) };
    const { link } = response.headers;
    path = paging.next({
      path,
      rowCount: rows.length,
      bytes: page.bytes,
      link: Array.isArray(link) ? link.join(", ") : link,
      cursor,
    });
  }
}

async function fetchPage(
  client: HttpClient,
  path: string,
  number: number,
  settings: HttpJsonSettings,
  signal: AbortSignal,
) {
  const response = await client.get(path);
  const chunks: Uint8Array[] = [];
  const bounds = { origin: originOf(settings), bytesMax: pageBytesMax, signal };
  for await (const chunk of readBody(response.body, bounds)) chunks.push(chunk);
  try {
    const page = readPage(chunks);
    const pointers = [settings.rows, ...(settings.cursorPath === undefined ? [] : [settings.cursorPath])];
    const [place, cursor] = page.find(pointers.map(namesOf));
    return {
      response,
      page,
      rows: rowsIn(page, place, settings),
      cursor: cursor && page.bytes.subarray(cursor.from, cursor.to).toString(),
    };
  } catch (error) {
    if (!(error instanceof JsonError)) throw error;
    throw sourceDataInvalid(pageProblem(number, error, response));
  }
}

function rowsIn(page: Page, place: Range | undefined, { rows }: HttpJsonSettings): readonly Range[] {
  const found = place && page.elementsOf(place);
  if (found) return found;
  const where = rows === "" ? "the response" : `the value at ${JSON.stringify(rows)}`;
  throw new JsonError(
    place?.from ?? 0,
    `${where} is ${place ? "no list" : "missing"}: settings.rows says where the rows are, as /data/items`,
  );
}

function pageProblem(number: number, { message, offset }: JsonError, { headers }: HttpResponse): string {
  const type = headers["content-type"]?.split(";", 1)[0]?.trim() ?? "";
  const isJson = /[/+]json$/i.test(type) || type === "";
  const kind = isJson ? "" : ` of the type ${JSON.stringify(type.slice(0, 100))}`;
  return `page ${number} of the API${kind} can't be read: byte ${offset + 1}: ${message}`;
}

const lineFeed = 10;
const carriageReturn = 13;
const space = 32;

/** JSON has no line breaks within texts, so those of a row can be blanks. */
function lineOf(row: Uint8Array): Uint8Array {
  const line = Buffer.allocUnsafe(row.length + 1);
  line.set(row);
  for (let at = 0; at < row.length; at += 1) {
    if (line[at] === lineFeed || line[at] === carriageReturn) line[at] = space;
  }
  line[row.length] = lineFeed;
  return line;
}

async function write(pipe: Writable, bytes: Uint8Array, signal: AbortSignal): Promise<void> {
  if (!pipe.write(bytes)) await once(pipe, "drain", { signal });
}

const tooManyPages = ({ pagesMax }: HttpJsonSettings) =>
  executionTooLarge(`the API has more than ${pagesMax} pages: settings.pagesMax allows no more`);
