import { durationFromMs } from "@bufbuild/protobuf/wkt";
import { CreateSignedUrlResponseSchema, FileService } from "../../gen/sluice/storage/v1/files_pb.ts";
import {
  CreateUploadUrlResponseSchema,
  RevokeFileUrlsResponseSchema,
  RevokeSignedUrlResponseSchema,
  type SignedUrl,
  SignedUrlOperation,
  SignedUrlService,
} from "../../gen/sluice/storage/v1/signed_urls_pb.ts";
import type { Call } from "../command/call.ts";
import { type CommandGroup, command } from "../command/command.ts";
import { listCommand } from "../command/list.ts";
import { flag, text, whole } from "../command/options.ts";
import { parseSize } from "../command/parse-size.ts";
import { usageError } from "../failures/command-error.ts";
import { resolveFile } from "../resolve/resolve-file.ts";
import { confirm } from "../terminal/confirm.ts";
import { formatTime } from "../terminal/value.ts";

const hourMs = 3_600_000;
const hours = whole("n", "how long it works, in hours (default 1, at most 168)", { min: 1, max: 168 });

const lifetimeOf = (given: number | undefined) =>
  given === undefined ? {} : { lifetime: durationFromMs(given * hourMs) };

/** Prints a URL on standard output. One without a server is of the session's. */
async function printUrl(call: Call, url: string): Promise<void> {
  const { server } = await call.session();
  call.terminal.print(new URL(url, server).href);
}

const create = command({
  name: "create",
  summary: "Make a URL that reads a file without a login",
  details: "The holder of the URL can read the file until the URL ends or is revoked.",
  args: ["<file>"],
  options: {
    hours,
    uses: whole("n", "how often it may be used (default: no limit)", { min: 1, max: 1_000_000 }),
  },
  examples: ["files urls create weather.csv", "files urls create weather.csv --hours 24 --uses 1"],
  async run(call, [file], { hours: given, uses = 0 }) {
    const fileId = await resolveFile(call, file);
    const client = await call.client(FileService);
    const request = { fileId, usesMax: uses, ...lifetimeOf(given) };
    const response = await client.createSignedUrl(request, { signal: call.signal });
    await call.show(CreateSignedUrlResponseSchema, response, async () => {
      await printUrl(call, response.url);
      call.terminal.note(`It works until ${formatTime(response.expireTime)}. Its id is ${response.urlId}.`);
    });
  },
});

const receive = command({
  name: "receive",
  summary: "Make a URL that uploads a file without a login, with HTTP PUT",
  args: ["<name>"],
  options: {
    hours,
    uses: whole("n", "how many files it may upload, all of this name (default 1)", { min: 1, max: 1000 }),
    maxSize: text("size", "largest file, such as 10MiB"),
    namespace: text("name", "namespace of the file (default `default`)"),
    contentType: text("type", "media type; by default by the extension of the name"),
  },
  examples: ["files urls receive report.pdf --max-size 10MiB --hours 24"],
  async run(call, [name], { hours: given, uses = 0, maxSize, namespace = "", contentType = "" }) {
    const client = await call.client(SignedUrlService);
    const sizeBytesMax = maxSize === undefined ? 0n : parseSize(maxSize);
    const request = { name, namespace, contentType, usesMax: uses, sizeBytesMax, ...lifetimeOf(given) };
    const response = await client.createUploadUrl(request, { signal: call.signal });
    await call.show(CreateUploadUrlResponseSchema, response, async () => {
      await printUrl(call, response.url);
      call.terminal.note(`It works until ${formatTime(response.expireTime)}. Its id is ${response.urlId}.`);
    });
  },
});

const usesOf = ({ usesMax, useCount }: SignedUrl): string =>
  usesMax === 0 ? "" : `${useCount} of ${usesMax}`;

const list = listCommand({
  name: "ls",
  summary: "List signed URLs, without their secrets",
  examples: ["files urls ls", "files urls ls --namespace lab"],
  service: SignedUrlService,
  method: SignedUrlService.method.listSignedUrls,
  request: () => ({}),
  items: (response) => response.signedUrls,
  columns: [
    { title: "id", value: ({ urlId }) => urlId },
    {
      title: "what",
      value: ({ operation }) => (operation === SignedUrlOperation.UPLOAD ? "uploads" : "reads"),
    },
    { title: "file", value: ({ fileId, name }) => fileId || name },
    { title: "uses", align: "right", value: usesOf },
    { title: "created", value: ({ createTime }) => formatTime(createTime) },
    { title: "expires", value: ({ expireTime }) => formatTime(expireTime) },
    { title: "revoked", value: ({ revokeTime }) => formatTime(revokeTime) },
  ],
  id: ({ urlId }) => urlId,
});

const revoke = command({
  name: "revoke",
  summary: "Revoke signed URLs, or all that read a file",
  args: ["[url-ids...]"],
  options: {
    file: text("file", "all URLs that read this file"),
    yes: flag("do not ask", { short: "y" }),
  },
  examples: [
    "files urls revoke 01976f3e-0000-7000-8000-000000000000",
    "files urls revoke --file weather.csv --yes",
  ],
  async run(call, [ids], { file, yes }) {
    if (ids.length > 0 === (file !== undefined))
      throw usageError("nothing to revoke, or too much", "give ids of URLs or --file, not both");
    const client = await call.client(SignedUrlService);
    const what =
      file === undefined ? `${ids.length === 1 ? ids[0] : `${ids.length} URLs`}` : `all URLs of ${file}`;
    await confirm(call, `Revoke ${what}?`, yes);
    if (file !== undefined) {
      const fileId = await resolveFile(call, file);
      const response = await client.revokeFileUrls({ fileId }, { signal: call.signal });
      await call.show(RevokeFileUrlsResponseSchema, response, () =>
        call.terminal.note(`All URLs of ${file} are revoked.`),
      );
      return;
    }
    for (const urlId of ids) {
      const response = await client.revokeSignedUrl({ urlId }, { signal: call.signal });
      await call.show(RevokeSignedUrlResponseSchema, response, () =>
        call.terminal.note(`${urlId} is revoked.`),
      );
    }
  },
});

export const urls: CommandGroup = {
  name: "urls",
  summary: "Signed URLs, which need no login",
  commands: [create, receive, list, revoke],
};
