import {
  CopyFileResponseSchema,
  FileService,
  PurgeFileResponseSchema,
  UndeleteFileResponseSchema,
} from "../../gen/sluice/storage/v1/files_pb.ts";
import { command } from "../command/command.ts";
import { listCommand } from "../command/list.ts";
import { flag, text } from "../command/options.ts";
import { resolveFile, resolveTrashed } from "../resolve/resolve-file.ts";
import { confirm } from "../terminal/confirm.ts";
import { formatSize, formatTime } from "../terminal/value.ts";

const undelete = command({
  name: "undelete",
  summary: "Take files out of the trash",
  args: ["<files...>"],
  examples: ["files undelete weather.csv"],
  async run(call, [names]) {
    const client = await call.client(FileService);
    for (const fileId of await Promise.all(names.map((name) => resolveTrashed(call, name)))) {
      const response = await client.undeleteFile({ fileId }, { signal: call.signal });
      await call.show(UndeleteFileResponseSchema, response, () =>
        call.terminal.note(`${response.file?.name} is out of the trash.`),
      );
    }
  },
});

const purge = command({
  name: "purge",
  summary: "Remove files in the trash for good",
  args: ["<files...>"],
  options: { yes: flag("do not ask", { short: "y" }) },
  examples: ["files purge weather.csv"],
  async run(call, [names], { yes }) {
    const ids = await Promise.all(names.map((name) => resolveTrashed(call, name)));
    const what = names.length === 1 ? names[0] : `${names.length} files`;
    await confirm(call, `Remove ${what} for good?`, yes);
    const client = await call.client(FileService);
    for (const fileId of ids) {
      const response = await client.purgeFile({ fileId }, { signal: call.signal });
      await call.show(PurgeFileResponseSchema, response, () => call.terminal.note(`${fileId} is removed.`));
    }
  },
});

const copy = command({
  name: "cp",
  summary: "Copy a file within Sluice, without copying its bytes",
  args: ["<file>"],
  options: {
    name: text("name", "name of the copy (default: that of the file)"),
    namespace: text("name", "namespace of the copy (default: that of the file)"),
    folder: text("path", "folder of the copy, such as 2026/orders/ (default: that of the file)"),
  },
  examples: ["files cp weather.csv --name weather-2026.csv", "files cp weather.csv --namespace lab"],
  async run(call, [file], { name = "", namespace = "", folder }) {
    const fileId = await resolveFile(call, file);
    const request = { fileId, name, namespace, ...(folder !== undefined && { folder }) };
    const client = await call.client(FileService);
    const response = await client.copyFile(request, { signal: call.signal });
    await call.show(CopyFileResponseSchema, response, () =>
      call.terminal.note(`The copy is ${response.file?.fileId}.`),
    );
  },
});

const versions = listCommand({
  name: "versions",
  summary: "List the versions of a file",
  args: ["<file>"],
  examples: ["files versions weather.csv"],
  service: FileService,
  method: FileService.method.listFileVersions,
  request: async (call, [file]) => ({ fileId: await resolveFile(call, file) }),
  items: (response) => response.versions,
  columns: [
    { title: "version", value: ({ version, isCurrent }) => `${version}${isCurrent ? " (current)" : ""}` },
    { title: "size", align: "right", value: ({ sizeBytes }) => formatSize(sizeBytes) },
    { title: "sha256", value: ({ sha256 }) => sha256 },
    { title: "created", value: ({ createTime }) => formatTime(createTime) },
  ],
  id: ({ version }) => String(version),
});

/** What becomes of a file after its upload. */
export const fileLife = [copy, versions, undelete, purge];
