import {
  GetScrubResponseSchema,
  ListScrubsResponseSchema,
  type Scrub,
  ScrubFindingKindSchema,
  ScrubSchema,
  ScrubService,
  ScrubStateSchema,
  StartScrubResponseSchema,
} from "../../gen/sluice/storage/v1/scrubs_pb.ts";
import type { Call } from "../command/call.ts";
import { type CommandGroup, command } from "../command/command.ts";
import { listCommand, printItems } from "../command/list.ts";
import { text } from "../command/options.ts";
import { parseSize } from "../command/parse-size.ts";
import { CommandError } from "../failures/command-error.ts";
import { exitCodes } from "../failures/exit-codes.ts";
import { printRecord } from "../terminal/record.ts";
import { formatCount, formatEnum, formatSize, formatTime } from "../terminal/value.ts";

const exampleId = "01976f3e-0000-7000-8000-000000000000";

const start = command({
  name: "start",
  summary: "Check all stored content against its hashes, in the background",
  details:
    "It needs an administrator of the platform. `sluice scrubs show` shows its progress and its report.",
  options: {
    rate: text("size", "most bytes read per second, such as 64MiB (default: the server's setting)"),
  },
  examples: ["scrubs start", "scrubs start --rate 256MiB"],
  async run(call, _args, { rate }) {
    const client = await call.client(ScrubService);
    const bytesPerSecond = rate === undefined ? 0n : parseSize(rate);
    const response = await client.startScrub({ bytesPerSecond }, { signal: call.signal });
    await call.show(StartScrubResponseSchema, response, () =>
      call.terminal.note(`Scrub ${response.scrub?.scrubId} runs: \`sluice scrubs show\` shows its progress.`),
    );
  },
});

const problemsOf = ({ corruptCount, wrongSizeCount, missingCount, unknownCount }: Scrub): bigint =>
  corruptCount + wrongSizeCount + missingCount + unknownCount;

const list = command({
  name: "ls",
  summary: "List the scrubs, newest first",
  examples: ["scrubs ls"],
  async run(call) {
    const client = await call.client(ScrubService);
    const response = await client.listScrubs({}, { signal: call.signal });
    await call.show(ListScrubsResponseSchema, response, () =>
      printItems(
        call,
        [
          { title: "id", value: ({ scrubId }: Scrub) => scrubId },
          { title: "state", value: ({ state }: Scrub) => formatEnum(ScrubStateSchema, state) },
          { title: "started", value: ({ createTime }: Scrub) => formatTime(createTime) },
          { title: "ended", value: ({ endTime }: Scrub) => formatTime(endTime) },
          { title: "objects", align: "right", value: ({ objectCount }: Scrub) => formatCount(objectCount) },
          { title: "read", align: "right", value: ({ readBytes }: Scrub) => formatSize(readBytes) },
          { title: "findings", align: "right", value: (scrub: Scrub) => formatCount(problemsOf(scrub)) },
          {
            title: "repaired",
            align: "right",
            value: ({ repairedCount }: Scrub) => formatCount(repairedCount),
          },
        ],
        response.scrubs,
      ),
    );
  },
});

const show = command({
  name: "show",
  summary: "Show the progress and the report of a scrub, by default of the newest",
  args: ["[scrub-id]"],
  examples: ["scrubs show", `scrubs show ${exampleId}`],
  async run(call, [given]) {
    const client = await call.client(ScrubService);
    const scrubId = given ?? (await newest(call));
    const response = await client.getScrub({ scrubId }, { signal: call.signal });
    await call.show(GetScrubResponseSchema, response, () => {
      printRecord(call.terminal, ScrubSchema, response.scrub);
      if (response.scrub && problemsOf(response.scrub) > 0n)
        call.terminal.note(`What is wrong: sluice scrubs findings ${scrubId}`);
    });
  },
});

const findings = listCommand({
  name: "findings",
  summary: "List what a scrub has found, by default the newest",
  args: ["[scrub-id]"],
  examples: ["scrubs findings", `scrubs findings ${exampleId} --filter 'kind = "missing"'`],
  service: ScrubService,
  method: ScrubService.method.listScrubFindings,
  request: async (call, [given]) => ({ scrubId: given ?? (await newest(call)) }),
  items: (response) => response.findings,
  columns: [
    { title: "what", value: ({ kind }) => formatEnum(ScrubFindingKindSchema, kind) },
    { title: "repaired", value: ({ repaired }) => (repaired ? "yes" : "no") },
    { title: "organisation", value: ({ orgId }) => orgId },
    { title: "sha256", value: ({ sha256 }) => sha256 },
    { title: "files", align: "right", value: ({ fileCount }) => formatCount(fileCount) },
    { title: "some of them", value: ({ fileIds }) => fileIds.join(" ") },
    { title: "found", value: ({ createTime }) => formatTime(createTime) },
  ],
  id: ({ findingId }) => findingId,
});

async function newest(call: Call): Promise<string> {
  const { scrubs } = await (await call.client(ScrubService)).listScrubs({}, { signal: call.signal });
  const [first] = scrubs;
  if (first) return first.scrubId;
  throw new CommandError("there was no scrub yet", {
    exitCode: exitCodes.notFound,
    advice: "`sluice scrubs start` starts one",
  });
}

export const scrubs: CommandGroup = {
  name: "scrubs",
  summary: "Checks of all stored content",
  commands: [start, list, show, findings],
};
