import {
  type GetUsageResponse,
  GetUsageResponseSchema,
  type Quota,
  QuotaSchema,
  QuotaService,
  SetQuotaResponseSchema,
} from "../../gen/sluice/storage/v1/quota_pb.ts";
import type { Call } from "../command/call.ts";
import { type CommandGroup, command } from "../command/command.ts";
import { text } from "../command/options.ts";
import { parseSize } from "../command/parse-size.ts";
import { usageError } from "../failures/command-error.ts";
import { printLines, printRecord } from "../terminal/record.ts";
import { formatCount, formatSize } from "../terminal/value.ts";

const namespace = text("name", "the quota of a namespace instead of your organisation's");

const get = command({
  name: "get",
  summary: "Show how much your organisation or a namespace stores, and how much it may",
  options: { namespace },
  examples: ["quota get", "quota get --namespace lab", "quota get --json"],
  async run(call, _args, { namespace: name = "" }) {
    const client = await call.client(QuotaService);
    const response = await client.getUsage({ namespace: name }, { signal: call.signal });
    await call.show(GetUsageResponseSchema, response, () => {
      showUsage(call, response);
      if (isWarned(response)) call.terminal.note("A soft limit is reached.");
    });
  },
});

/** What is used of each limit, then what uploads hold that are not complete. */
function showUsage({ terminal }: Call, usage: GetUsageResponse): void {
  const {
    usedBytes,
    limitBytes,
    reservedBytes,
    fileCount,
    limitFiles,
    reservedFiles,
    driftBytes,
    driftFiles,
  } = usage;
  const lines = [
    { name: "size", value: usedOf(usedBytes, limitBytes, formatSize) },
    { name: "files", value: usedOf(fileCount, limitFiles, formatCount) },
  ];
  if (reservedBytes > 0n || reservedFiles > 0n)
    lines.push({
      name: "arriving",
      value: `${formatSize(reservedBytes)} in ${formatCount(reservedFiles)} files`,
    });
  if (driftBytes !== 0n || driftFiles !== 0n)
    lines.push({ name: "miscounted", value: `${driftBytes} bytes, ${driftFiles} files: tell the operator` });
  printLines(terminal, lines);
}

function usedOf(used: bigint, limit: bigint | undefined, format: (value: bigint) => string): string {
  if (limit === undefined) return `${format(used)}, without a limit`;
  const percent = limit === 0n ? 100 : Number((used * 1000n) / limit) / 10;
  return `${format(used)} of ${format(limit)} (${percent} %)`;
}

const isWarned = ({ warnings }: GetUsageResponse): boolean => warnings.length > 0;

const limit = (what: string) => text("limit", `${what}; \`none\` removes the limit`);

const set = command({
  name: "set",
  summary: "Set how much your organisation or a namespace may store",
  details: "Limits that you do not give stay as they are.",
  args: ["[size]"],
  options: {
    namespace,
    files: limit("how many files"),
    warnSize: limit("size from which uploads warn"),
    warnFiles: limit("number of files from which uploads warn"),
  },
  examples: [
    "quota set 500GiB",
    "quota set 10GiB --namespace lab --files 100000",
    "quota set --warn-size 400GiB --warn-files none",
  ],
  async run(call, [size], { namespace: name = "", files, warnSize, warnFiles }) {
    const changes: Change[] = [
      { field: "limitBytes", given: size, parse: parseSize },
      { field: "limitFiles", given: files, parse: parseCount },
      { field: "warnBytes", given: warnSize, parse: parseSize },
      { field: "warnFiles", given: warnFiles, parse: parseCount },
    ];
    if (changes.every(({ given }) => given === undefined))
      throw usageError("nothing to change", "give a size, --files, --warn-size or --warn-files");
    const values = changes.map(({ field, given, parse }) => ({
      field,
      value: given === undefined || given === "none" ? undefined : parse(given),
      isGiven: given !== undefined,
    }));
    const client = await call.client(QuotaService);
    const { quota } = await client.getQuota({ namespace: name }, { signal: call.signal });
    if (!quota) throw new Error("the server returned no quota");
    for (const { field, value, isGiven } of values) if (isGiven) setLimit(quota, field, value);
    const response = await client.setQuota({ namespace: name, quota }, { signal: call.signal });
    await call.show(SetQuotaResponseSchema, response, () =>
      printRecord(call.terminal, QuotaSchema, response.quota),
    );
  },
});

type LimitField = "limitBytes" | "limitFiles" | "warnBytes" | "warnFiles";
type Change = {
  readonly field: LimitField;
  readonly given: string | undefined;
  readonly parse: (text: string) => bigint;
};

function setLimit(quota: Quota, field: LimitField, value: bigint | undefined): void {
  if (value === undefined) delete quota[field];
  else quota[field] = value;
}

function parseCount(text: string): bigint {
  if (!/^\d{1,18}$/.test(text)) throw usageError(`${text} is not a number`, "write one such as 100000");
  return BigInt(text);
}

export const quota: CommandGroup = {
  name: "quota",
  summary: "Storage that is used and left",
  commands: [get, set],
};
