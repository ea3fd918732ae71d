import {
  DeleteResumableUploadResponseSchema,
  ResumableUploadService,
} from "../../gen/sluice/storage/v1/resumable_uploads_pb.ts";
import { type CommandGroup, command } from "../command/command.ts";
import { listCommand } from "../command/list.ts";
import { flag } from "../command/options.ts";
import { confirm } from "../terminal/confirm.ts";
import { formatSize, formatTime } from "../terminal/value.ts";

const list = listCommand({
  name: "ls",
  summary: "List your uploads that are not complete",
  examples: ["files uploads ls", "files uploads ls --namespace lab -q"],
  service: ResumableUploadService,
  method: ResumableUploadService.method.listResumableUploads,
  request: () => ({}),
  items: (response) => response.uploads,
  columns: [
    { title: "id", value: ({ uploadId }) => uploadId },
    { title: "name", value: ({ name }) => name },
    { title: "arrived", align: "right", value: ({ offsetBytes }) => formatSize(offsetBytes) },
    {
      title: "of",
      align: "right",
      value: ({ lengthBytes }) => (lengthBytes === undefined ? "" : formatSize(lengthBytes)),
    },
    { title: "created", value: ({ createTime }) => formatTime(createTime) },
    { title: "expires", value: ({ expireTime }) => formatTime(expireTime) },
  ],
  id: ({ uploadId }) => uploadId,
});

const remove = command({
  name: "rm",
  summary: "Give up uploads that are not complete, and remove what has arrived",
  args: ["<upload-ids...>"],
  options: { yes: flag("do not ask", { short: "y" }) },
  examples: ["files uploads rm 01976f3e-0000-7000-8000-000000000000"],
  async run(call, [ids], { yes }) {
    await confirm(call, `Remove ${ids.length === 1 ? ids[0] : `${ids.length} uploads`}?`, yes);
    const client = await call.client(ResumableUploadService);
    for (const uploadId of ids) {
      const response = await client.deleteResumableUpload({ uploadId }, { signal: call.signal });
      await call.show(DeleteResumableUploadResponseSchema, response, () =>
        call.terminal.note(`${uploadId} is removed.`),
      );
    }
  },
});

export const uploads: CommandGroup = {
  name: "uploads",
  summary: "Uploads that are not complete",
  commands: [list, remove],
};
