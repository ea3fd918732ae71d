import type { MessageInitShape } from "@bufbuild/protobuf";
import {
  type AuditEvent,
  AuditFormat,
  AuditOutcome,
  AuditOutcomeSchema,
  AuditService,
  type ListAuditEventsRequestSchema,
  VerifyChainResponseSchema,
} from "../../gen/sluice/identity/v1/audit_pb.ts";
import type { Call } from "../command/call.ts";
import { type CommandGroup, command, type OptionValues } from "../command/command.ts";
import { listCommand, printItems } from "../command/list.ts";
import { many, text } from "../command/options.ts";
import { parseTime } from "../command/parse-time.ts";
import { CommandError } from "../failures/command-error.ts";
import { resolveUser } from "../resolve/resolve-user.ts";
import { neutraliseJson } from "../terminal/neutralise.ts";
import { formatEnum, formatTime } from "../terminal/value.ts";
import { type Write, writeFileWhole } from "../terminal/write-file.ts";
import { writeOut } from "../terminal/write-out.ts";

const outcomes = {
  succeeded: AuditOutcome.SUCCEEDED,
  refused: AuditOutcome.REFUSED,
  failed: AuditOutcome.FAILED,
};

const criteria = {
  kind: many("kind", "only events of this kind, such as user.created; can be repeated"),
  user: text("user", "only what this user did, by e-mail address or id"),
  resource: text("name", "only what was done to this resource"),
  outcome: text("outcome", "only events that ended so", { choices: ["succeeded", "refused", "failed"] }),
  after: text("time", "only events from this time on, such as 2026-01-31 or 2026-01-31T09:30:00Z"),
  before: text("time", "only events before this time"),
};

type Criteria = MessageInitShape<typeof ListAuditEventsRequestSchema>;

async function criteriaOf(
  call: Call,
  { kind, user, resource, outcome, after, before }: OptionValues<typeof criteria>,
) {
  return {
    kinds: [...kind],
    userId: user === undefined ? "" : await resolveUser(call, user),
    resource: resource ?? "",
    outcome: outcomes[outcome as keyof typeof outcomes] ?? AuditOutcome.UNSPECIFIED,
    ...(after !== undefined && { startTime: parseTime(after) }),
    ...(before !== undefined && { endTime: parseTime(before) }),
  } satisfies Criteria;
}

const actorOf = ({ actorUserId, actorApiKeyId }: AuditEvent): string =>
  actorUserId || (actorApiKeyId && `key ${actorApiKeyId}`);

const list = listCommand({
  summary: "List what happened in your organisation, newest first",
  options: criteria,
  examples: [
    "audit list",
    "audit list --outcome refused --after 2026-01-31",
    "audit list --user ada@example.org",
  ],
  service: AuditService,
  method: AuditService.method.listAuditEvents,
  request: (call, _args, options) => criteriaOf(call, options),
  items: (response) => response.events,
  columns: [
    { title: "time", value: ({ createTime }) => formatTime(createTime) },
    { title: "kind", value: ({ kind }) => kind },
    { title: "outcome", value: ({ outcome }) => formatEnum(AuditOutcomeSchema, outcome) },
    { title: "who", value: actorOf },
    { title: "resource", value: ({ resource }) => resource },
    { title: "from", value: ({ clientAddress }) => clientAddress },
  ],
  id: ({ eventId }) => eventId,
});

const exported = command({
  name: "export",
  summary: "Export all events as lines of JSON",
  options: { ...criteria, output: text("path", "file; by default standard output", { short: "o" }) },
  examples: ["audit export -o audit.ndjson", "audit export --after 2026-01-01 | jq .kind"],
  async run(call, _args, { output, ...options }) {
    const request = { ...(await criteriaOf(call, options)), format: AuditFormat.NDJSON };
    const client = await call.client(AuditService);
    const events = client.exportAuditEvents(request, { signal: call.signal });
    const writeAll = async (write: Write) => {
      for await (const { data } of events) await write(data);
    };
    if (output !== undefined) {
      await writeFileWhole(output, writeAll);
      return call.terminal.note(`${output} is complete.`);
    }
    const decoder = new TextDecoder();
    await writeAll((data) =>
      writeOut(
        call.terminal.showsPeople && typeof data !== "string"
          ? neutraliseJson(decoder.decode(data, { stream: true }))
          : data,
      ),
    );
  },
});

const verify = command({
  name: "verify",
  summary: "Verify the hash chains of the events: a changed event is found",
  examples: ["audit verify"],
  async run(call) {
    const response = await (await call.client(AuditService)).verifyChain({}, { signal: call.signal });
    await call.show(VerifyChainResponseSchema, response, () =>
      printItems(
        call,
        [
          { title: "chain", value: ({ service }) => service },
          { title: "valid", value: ({ valid }) => (valid ? "yes" : "no") },
          { title: "events", align: "right", value: ({ eventCount }) => String(eventCount) },
          { title: "head", value: ({ headHash }) => headHash },
          { title: "problem", value: ({ problem }) => problem },
        ],
        response.chains,
      ),
    );
    if (!response.valid) {
      throw new CommandError("a chain is not valid: an event was changed", {
        advice: "inform the operator: `sluice audit verify --json` has the first invalid sequence",
      });
    }
  },
});

export const audit: CommandGroup = {
  name: "audit",
  summary: "What happened, and the proof of it",
  commands: [list, exported, verify],
};
