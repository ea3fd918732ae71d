import { durationFromMs, durationMs } from "@bufbuild/protobuf/wkt";
import {
  GetTrashPolicyResponseSchema,
  SetTrashPolicyResponseSchema,
  type TrashPolicy,
  TrashPolicyService,
} from "../../gen/sluice/storage/v1/trash_policies_pb.ts";
import {
  GetUploadPolicyResponseSchema,
  SetUploadPolicyResponseSchema,
  type UploadPolicy,
  UploadPolicyService,
} from "../../gen/sluice/storage/v1/upload_policies_pb.ts";
import type { Call } from "../command/call.ts";
import { type CommandGroup, command } from "../command/command.ts";
import { flag, many, text, whole } from "../command/options.ts";
import { parseSize } from "../command/parse-size.ts";
import { usageError } from "../failures/command-error.ts";
import { printLines } from "../terminal/record.ts";
import { formatSize, formatTime } from "../terminal/value.ts";

const dayMs = 86_400_000;
const ofNamespace = text("name", "policy of this namespace (default `default`)");
const ofAny = text("name", "policy of this namespace instead of your organisation's");

function showUploads({ terminal }: Call, policy: UploadPolicy | undefined): void {
  const { allowedTypes = [], fileBytesMax = 0n, updateTime } = policy ?? {};
  printLines(terminal, [
    { name: "types", value: allowedTypes.length === 0 ? "all" : allowedTypes.join(", ") },
    {
      name: "largest file",
      value: fileBytesMax === 0n ? "5 TiB, the platform's limit" : formatSize(fileBytesMax),
    },
    { name: "changed", value: updateTime ? formatTime(updateTime) : "never" },
  ]);
}

const getUploads = command({
  name: "get",
  summary: "Show which files may be uploaded",
  options: { namespace: ofAny },
  examples: ["policies uploads get", "policies uploads get --namespace lab --json"],
  async run(call, _args, { namespace = "" }) {
    const client = await call.client(UploadPolicyService);
    const response = await client.getUploadPolicy({ namespace }, { signal: call.signal });
    await call.show(GetUploadPolicyResponseSchema, response, () => showUploads(call, response.policy));
  },
});

const setUploads = command({
  name: "set",
  summary: "Set which files may be uploaded",
  details: "What you do not give stays as it is. A file that is stored already is not affected.",
  options: {
    namespace: ofAny,
    type: many("type", "only these media types, such as text/csv or image/*; can be repeated"),
    anyType: flag("all media types"),
    maxSize: text("size", "largest file, such as 10GiB; `none` for the platform's limit"),
  },
  examples: [
    "policies uploads set --type text/csv --type 'image/*' --max-size 10GiB",
    "policies uploads set --namespace lab --any-type --max-size none",
  ],
  async run(call, _args, { namespace = "", type, anyType, maxSize }) {
    if (type.length === 0 && !anyType && maxSize === undefined)
      throw usageError("nothing to change", "give --type, --any-type or --max-size");
    if (type.length > 0 && anyType) throw usageError("--type and --any-type exclude each other");
    const fileBytesMax = maxSize === undefined ? undefined : maxSize === "none" ? 0n : parseSize(maxSize);
    const client = await call.client(UploadPolicyService);
    const { policy } = await client.getUploadPolicy({ namespace }, { signal: call.signal });
    const changed = {
      allowedTypes: anyType ? [] : type.length > 0 ? [...type] : (policy?.allowedTypes ?? []),
      fileBytesMax: fileBytesMax ?? policy?.fileBytesMax ?? 0n,
    };
    const response = await client.setUploadPolicy({ namespace, policy: changed }, { signal: call.signal });
    await call.show(SetUploadPolicyResponseSchema, response, () => showUploads(call, response.policy));
  },
});

function showTrash({ terminal }: Call, policy: TrashPolicy | undefined): void {
  const { undeleteWindow, updateTime } = policy ?? {};
  const days = undeleteWindow ? durationMs(undeleteWindow) / dayMs : 0;
  const kept = days === 0 ? "not at all: removed files are gone at once" : `${Number(days.toFixed(2))} days`;
  printLines(terminal, [
    { name: "kept", value: kept },
    { name: "changed", value: updateTime ? formatTime(updateTime) : "never" },
  ]);
}

const getTrash = command({
  name: "get",
  summary: "Show how long removed files stay in the trash",
  options: { namespace: ofNamespace },
  examples: ["policies trash get", "policies trash get --namespace lab"],
  async run(call, _args, { namespace = "" }) {
    const client = await call.client(TrashPolicyService);
    const response = await client.getTrashPolicy({ namespace }, { signal: call.signal });
    await call.show(GetTrashPolicyResponseSchema, response, () => showTrash(call, response.trashPolicy));
  },
});

const setTrash = command({
  name: "set",
  summary: "Set how long removed files stay in the trash",
  details: "It applies to files that are removed from now on.",
  options: {
    namespace: ofNamespace,
    days: whole("n", "days in the trash, up to 365; 0 removes files at once", { max: 365 }),
  },
  examples: ["policies trash set --days 30", "policies trash set --days 0 --namespace lab"],
  async run(call, _args, { namespace = "", days }) {
    if (days === undefined) throw usageError("nothing to change", "give --days");
    const client = await call.client(TrashPolicyService);
    const trashPolicy = { undeleteWindow: durationFromMs(days * dayMs) };
    const response = await client.setTrashPolicy({ namespace, trashPolicy }, { signal: call.signal });
    await call.show(SetTrashPolicyResponseSchema, response, () => showTrash(call, response.trashPolicy));
  },
});

export const policies: CommandGroup = {
  name: "policies",
  summary: "What may be uploaded, and how long removed files are kept",
  commands: [
    {
      name: "uploads",
      summary: "Media types and sizes of uploads",
      commands: [getUploads, setUploads],
    },
    { name: "trash", summary: "The trash", commands: [getTrash, setTrash] },
  ],
};
