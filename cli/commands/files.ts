import {
  DeleteFileResponseSchema,
  FileCategory,
  FileSchema,
  FileService,
  GetFileResponseSchema,
  MoveFileResponseSchema,
} from "../../gen/sluice/storage/v1/files_pb.ts";
import { type CommandGroup, command } from "../command/command.ts";
import { listCommand } from "../command/list.ts";
import { moveCommand } from "../command/move.ts";
import { flag, text } from "../command/options.ts";
import { resolveFile } from "../resolve/resolve-file.ts";
import { confirm } from "../terminal/confirm.ts";
import { printRecord } from "../terminal/record.ts";
import { formatSize, formatTime } from "../terminal/value.ts";
import { fileLife } from "./file-life.ts";

const categories = {
  upload: FileCategory.UPLOAD,
  staging: FileCategory.STAGING,
  release: FileCategory.RELEASE,
  model: FileCategory.MODEL,
};

const list = listCommand({
  name: "ls",
  summary: "List stored files",
  options: {
    prefix: text("text", "only folders and names that begin with it"),
    folder: text("path", "only files directly in this folder, such as 2026/orders/"),
    trash: flag("only files in the trash"),
    category: text("category", "only files of this purpose", { choices: Object.keys(categories) }),
  },
  examples: [
    "files ls",
    "files ls --prefix weather --namespace lab",
    "files ls --filter 'size_bytes > 1000'",
  ],
  service: FileService,
  method: FileService.method.listFiles,
  request: (_call, _args, { prefix, folder, trash, category }) => ({
    prefix: prefix ?? "",
    folder: folder ?? "",
    showDeleted: trash ?? false,
    category: categories[category as keyof typeof categories] ?? FileCategory.UNSPECIFIED,
  }),
  items: (response) => response.files,
  columns: [
    { title: "id", value: ({ fileId }) => fileId },
    { title: "name", value: ({ folder, name, path }) => path || `${folder ?? ""}${name}` },
    { title: "size", align: "right", value: ({ sizeBytes }) => formatSize(sizeBytes) },
    { title: "type", value: ({ contentType }) => contentType },
    { title: "created", value: ({ createTime }) => formatTime(createTime) },
  ],
  id: ({ fileId }) => fileId,
});

const show = command({
  name: "show",
  summary: "Show what is known of a file",
  args: ["<file>"],
  examples: ["files show weather.csv"],
  async run(call, [file]) {
    const fileId = await resolveFile(call, file);
    const response = await (await call.client(FileService)).getFile({ fileId }, { signal: call.signal });
    await call.show(GetFileResponseSchema, response, () =>
      printRecord(call.terminal, FileSchema, response.file),
    );
  },
});

const remove = command({
  name: "rm",
  summary: "Move files to the trash",
  args: ["<files...>"],
  options: { yes: flag("do not ask", { short: "y" }) },
  examples: ["files rm weather.csv"],
  async run(call, [names], { yes }) {
    const ids = await Promise.all(names.map((name) => resolveFile(call, name)));
    await confirm(call, `Remove ${names.length === 1 ? names[0] : `${names.length} files`}?`, yes);
    const client = await call.client(FileService);
    for (const fileId of ids) {
      const response = await client.deleteFile({ fileId }, { signal: call.signal });
      const until = response.file?.purgeTime;
      const note = until ? `${fileId} is in the trash until ${formatTime(until)}.` : `${fileId} is removed.`;
      await call.show(DeleteFileResponseSchema, response, () => call.terminal.note(note));
    }
  },
});

const move = moveCommand({
  what: "file",
  schema: MoveFileResponseSchema,
  resolve: resolveFile,
  move: async (call, fileId, namespace) =>
    (await call.client(FileService)).moveFile({ fileId, namespace }, { signal: call.signal }),
  example: "files mv weather.csv lab",
});

export const files: CommandGroup = {
  name: "files",
  summary: "Stored files",
  commands: [
    {
      name: "put",
      summary: "Upload files, or all files of folders",
      load: async () => (await import("../files/put-command.ts")).put,
    },
    {
      name: "get",
      summary: "Download files, and verify them",
      load: async () => (await import("../files/get-command.ts")).get,
    },
    list,
    show,
    move,
    remove,
    ...fileLife,
    {
      name: "update",
      summary: "Change name, folder, media type, tags and properties of a file",
      load: async () => (await import("../files/update-command.ts")).update,
    },
    {
      name: "archive",
      summary: "Download several files as one zip or tar",
      load: async () => (await import("../files/archive-command.ts")).archive,
    },
    {
      name: "urls",
      summary: "Signed URLs, which need no login",
      load: async () => (await import("../files/urls.ts")).urls,
    },
    {
      name: "uploads",
      summary: "Uploads that are not complete",
      load: async () => (await import("../files/uploads.ts")).uploads,
    },
  ],
};
