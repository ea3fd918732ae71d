import { once } from "node:events";
import { feedPipe } from "../../engine/pipes/feed-pipe.ts";
import { sourceDataInvalid } from "../../errors.ts";
import type { Operation } from "../../source-process/operation.ts";
import type { Limit } from "../../timing/limit.ts";
import type { Fetched } from "../http/fetched.ts";
import { createHttpClient } from "../http/http-client.ts";
import type { HttpLogin } from "../http/prepare-http-login.ts";
import { readBody } from "../http/read-body.ts";
import { serverNameOf } from "../http/server-name.ts";
import { type HttpServerSettings, originOf, targetOf } from "../http/server-settings.ts";

type FileRequest = {
  readonly login: HttpLogin;
  readonly settings: HttpServerSettings;
  readonly timeoutMs: number;
};

/** Maximum of a file, in bytes. */
const fileBytesMax = 16 * 1024 ** 3;
/** Unless the settings ask for a type. */
const acceptOf = ({ headers = {} }: HttpServerSettings) =>
  Object.keys(headers).some((name) => name.toLowerCase() === "accept") ? {} : { accept: "*/*" };

/** Writes a file to a pipe, unless the server says that it still has the entity tag. */
export const fetchFile: Operation<
  FileRequest & { readonly outputPath: string; readonly etag: string | undefined },
  Fetched
> = ({ outputPath, etag, settings, login, timeoutMs }, { signal }) =>
  feedPipe(outputPath, signal, async (pipe) => {
    using client = createHttpClient({ settings, login, limit: { signal, timeoutMs } });
    const condition = etag === undefined ? {} : { "if-none-match": etag };
    const response = await client.get(targetOf(settings), { ...acceptOf(settings), ...condition });
    const origin = originOf(settings);
    if (response.status === 304) {
      response.body.destroy();
      if (etag === undefined) throw sourceDataInvalid(`${origin} answers 304, which was not asked for`);
      return { isUnchanged: true, etag };
    }
    if (!response.hasLength) {
      response.body.destroy();
      throw sourceDataInvalid(
        `${origin} sends a file without its length: a part of it could not be told from all of it`,
      );
    }
    for await (const chunk of readBody(response.body, { origin, bytesMax: fileBytesMax, signal })) {
      if (!pipe.write(chunk)) await once(pipe, "drain", { signal });
    }
    return { isUnchanged: false, etag: strongTag(response.headers.etag) };
  });

/** Asks for the file, without reading it. Returns what the server calls itself. */
export const testFile: Operation<FileRequest, { serverVersion: string }> = async (
  { settings, login, timeoutMs },
  { signal },
) => {
  const limit: Limit = { signal, timeoutMs };
  using client = createHttpClient({ settings, login, limit });
  const response = await client.get(targetOf(settings), acceptOf(settings));
  response.body.destroy();
  return { serverVersion: serverNameOf(response) };
};

/** A weak tag says that two files are much the same, not that they are equal. */
const strongTag = (tag: string | undefined): string | undefined =>
  tag !== undefined && /^"[\x21\x23-\x7e]{1,500}"$/.test(tag) ? tag : undefined;
