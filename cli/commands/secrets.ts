import {
  DeleteSecretResponseSchema,
  PutSecretResponseSchema,
  type Secret,
  SecretService,
  UpdateSecretResponseSchema,
} from "../../gen/sluice/identity/v1/secrets_pb.ts";
import type { Call } from "../command/call.ts";
import { type CommandGroup, command } from "../command/command.ts";
import { listCommand } from "../command/list.ts";
import { flag, many } from "../command/options.ts";
import { usageError } from "../failures/command-error.ts";
import { confirm } from "../terminal/confirm.ts";
import { readSecret } from "../terminal/read-secret.ts";
import { printLines } from "../terminal/record.ts";
import { formatTime } from "../terminal/value.ts";

type Destination = { connector: string; host: string; port: number };

const destinationOption = many(
  "connector:host:port",
  "server that it may be sent to, such as postgresql:db.example.org:5432; can be repeated",
);

const formatDestination = ({ connector, host, port }: Destination): string =>
  `${connector}:${host.includes(":") ? `[${host}]` : host}:${port}`;

function showSecret({ terminal }: Call, secret: Secret | undefined): void {
  printLines(terminal, [
    { name: "name", value: secret?.name ?? "" },
    { name: "destinations", value: secret?.destinations.map(formatDestination).join(", ") || "none" },
    { name: "updated", value: formatTime(secret?.updateTime) },
  ]);
}

const list = listCommand({
  summary: "List the names of the secrets and where each may be sent; no call returns a value",
  examples: ["secrets list"],
  service: SecretService,
  method: SecretService.method.listSecrets,
  request: () => ({}),
  items: (response) => response.secrets,
  columns: [
    { title: "name", value: ({ name }) => name },
    { title: "destinations", value: ({ destinations }) => destinations.map(formatDestination).join(", ") },
    { title: "updated", value: ({ updateTime }) => formatTime(updateTime) },
  ],
  id: ({ name }) => name,
});

const put = command({
  name: "put",
  summary: "Store a secret, or replace its value and destinations",
  details: "The value is asked for, or read from standard input.",
  args: ["<name>"],
  options: { destination: destinationOption, valueStdin: flag("read the value from standard input") },
  examples: [
    "secrets put warehouse --destination postgresql:db.example.org:5432",
    "secrets put warehouse --destination postgresql:db.example.org:5432 --value-stdin < password.txt",
  ],
  async run(call, [name], { destination, valueStdin }) {
    const destinations = destination.map(parseDestination);
    const value = await readSecret(call, "value", { option: "--value-stdin", given: valueStdin });
    const client = await call.client(SecretService);
    const response = await client.putSecret({ name, value, destinations }, { signal: call.signal });
    await call.show(PutSecretResponseSchema, response, () => showSecret(call, response.secret));
  },
});

const update = command({
  name: "update",
  summary: "Replace the destinations of a secret, and keep its value",
  args: ["<name>"],
  options: { destination: destinationOption },
  examples: ["secrets update warehouse --destination postgresql:replica.example.org:5432"],
  async run(call, [name], { destination }) {
    if (destination.length === 0) throw usageError("nothing to change", "give at least one --destination");
    const secret = { name, destinations: destination.map(parseDestination) };
    const client = await call.client(SecretService);
    const request = { secret, updateMask: { paths: ["destinations"] } };
    const response = await client.updateSecret(request, { signal: call.signal });
    await call.show(UpdateSecretResponseSchema, response, () => showSecret(call, response.secret));
  },
});

const remove = command({
  name: "delete",
  summary: "Remove a secret; sources that use it stop working",
  args: ["<name>"],
  options: { yes: flag("do not ask", { short: "y" }) },
  examples: ["secrets delete warehouse"],
  async run(call, [name], { yes }) {
    await confirm(call, `Remove the secret ${name}?`, yes);
    const response = await (await call.client(SecretService)).deleteSecret({ name }, { signal: call.signal });
    await call.show(DeleteSecretResponseSchema, response, () => call.terminal.note("Removed."));
  },
});

function parseDestination(text: string): Destination {
  const [, connector, bracketed, plain, port] = /^([^:]+):(?:\[([^\]]+)\]|([^:]+)):(\d+)$/.exec(text) ?? [];
  const host = bracketed ?? plain;
  if (connector && host && port) return { connector, host, port: Number(port) };
  throw usageError(
    `${text} is not a destination`,
    "write connector:host:port, with an IPv6 address in brackets",
  );
}

export const secrets: CommandGroup = {
  name: "secrets",
  summary: "Credentials of data sources",
  commands: [list, put, update, remove],
};
