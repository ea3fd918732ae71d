import { timestampFromMs } from "@bufbuild/protobuf/wkt";
import {
  ApiKeySchema,
  ApiKeyService,
  CreateApiKeyResponseSchema,
  GetApiKeyResponseSchema,
  RevokeApiKeyResponseSchema,
  UpdateApiKeyResponseSchema,
} from "../../gen/sluice/identity/v1/api_keys_pb.ts";
import {
  KeyService,
  RotateSigningKeysResponseSchema,
  SigningKey_StateSchema,
} from "../../gen/sluice/identity/v1/keys_pb.ts";
import { type CommandGroup, command } from "../command/command.ts";
import { listCommand, printItems } from "../command/list.ts";
import { flag, many, text, whole } from "../command/options.ts";
import { parseTime } from "../command/parse-time.ts";
import { usageError } from "../failures/command-error.ts";
import { roles } from "../resolve/roles.ts";
import { confirm } from "../terminal/confirm.ts";
import { printRecord } from "../terminal/record.ts";
import { formatEnum, formatTime } from "../terminal/value.ts";

const exampleId = "01976f3e-0000-7000-8000-000000000000";
const dayMs = 86_400_000;

const limits = {
  permission: many("permission", "only this permission of the roles; can be repeated"),
  namespace: many("name", "only in this namespace; can be repeated"),
  expires: text("time", "when it ends, such as 2027-01-31"),
};

const list = listCommand({
  summary: "List your API keys, without their secrets",
  examples: ["keys list"],
  service: ApiKeyService,
  method: ApiKeyService.method.listApiKeys,
  request: () => ({}),
  items: (response) => response.apiKeys,
  columns: [
    { title: "id", value: ({ apiKeyId }) => apiKeyId },
    { title: "prefix", value: ({ prefix }) => prefix },
    { title: "name", value: ({ displayName }) => displayName },
    { title: "roles", value: ({ roles }) => roles.join(", ") },
    { title: "created", value: ({ createTime }) => formatTime(createTime) },
    { title: "last use", value: ({ lastUseTime }) => formatTime(lastUseTime) },
    { title: "expires", value: ({ expireTime }) => formatTime(expireTime) },
  ],
  id: ({ apiKeyId }) => apiKeyId,
});

const create = command({
  name: "create",
  summary: "Create an API key; its secret is shown once",
  details:
    "The secret goes to standard output and all else to standard error, so that it can go into a file.",
  args: ["<name>"],
  options: {
    role: many("role", "role of the key; by default all of yours", {
      choices: roles,
    }),
    ...limits,
    days: whole("days", "days until it expires; by default never", { min: 1, max: 36_500 }),
  },
  examples: [
    "keys create nightly --role editor --days 90",
    "keys create reader --permission storage.files.read --namespace lab --expires 2027-01-31",
    "keys create nightly > key.txt",
  ],
  async run(call, [displayName], { role, permission, namespace, days, expires }) {
    if (days !== undefined && expires !== undefined)
      throw usageError("--days and --expires exclude each other");
    const byDays = days === undefined ? undefined : timestampFromMs(Date.now() + days * dayMs);
    const expireTime = expires === undefined ? byDays : parseTime(expires);
    const apiKey = {
      displayName,
      roles: [...role],
      permissions: [...permission],
      namespaces: [...namespace],
      ...(expireTime && { expireTime }),
    };
    const response = await (await call.client(ApiKeyService)).createApiKey(
      { apiKey },
      { signal: call.signal },
    );
    await call.show(CreateApiKeyResponseSchema, response, () => {
      call.terminal.note(
        `The key ${response.apiKey?.apiKeyId} is created. Keep it now: it is not shown again.`,
      );
      call.terminal.print(response.secret);
      if (call.terminal.showsPeople) printRecord(call.terminal, ApiKeySchema, response.apiKey);
    });
  },
});

const get = command({
  name: "get",
  summary: "Show an API key, without its secret",
  args: ["<key-id>"],
  examples: [`keys get ${exampleId}`],
  async run(call, [apiKeyId]) {
    const response = await (await call.client(ApiKeyService)).getApiKey(
      { apiKeyId },
      { signal: call.signal },
    );
    await call.show(GetApiKeyResponseSchema, response, () =>
      printRecord(call.terminal, ApiKeySchema, response.apiKey),
    );
  },
});

const update = command({
  name: "update",
  summary: "Rename or narrow an API key",
  details:
    "The given permissions and namespaces replace the current ones. A key never gets more rights, or a later end.",
  args: ["<key-id>"],
  options: { name: text("name", "name for people"), ...limits },
  examples: [`keys update ${exampleId} --name nightly --expires 2027-01-31`],
  async run(call, [apiKeyId], { name, permission, namespace, expires }) {
    const paths = [
      ...(name === undefined ? [] : ["display_name"]),
      ...(expires === undefined ? [] : ["expire_time"]),
      ...(permission.length === 0 ? [] : ["permissions"]),
      ...(namespace.length === 0 ? [] : ["namespaces"]),
    ];
    if (paths.length === 0)
      throw usageError("nothing to change", "give --name, --permission, --namespace or --expires");
    const apiKey = {
      apiKeyId,
      displayName: name ?? "",
      permissions: [...permission],
      namespaces: [...namespace],
      ...(expires !== undefined && { expireTime: parseTime(expires) }),
    };
    const request = { apiKey, updateMask: { paths } };
    const response = await (await call.client(ApiKeyService)).updateApiKey(request, { signal: call.signal });
    await call.show(UpdateApiKeyResponseSchema, response, () =>
      printRecord(call.terminal, ApiKeySchema, response.apiKey),
    );
  },
});

const rotateSigning = command({
  name: "rotate-signing",
  summary: "Create the next key that signs access tokens, as a platform administrator; nobody is logged out",
  examples: ["keys rotate-signing"],
  async run(call) {
    const response = await (await call.client(KeyService)).rotateSigningKeys({}, { signal: call.signal });
    await call.show(RotateSigningKeysResponseSchema, response, () => {
      printItems(
        call,
        [
          { title: "key", value: ({ kid }) => kid },
          { title: "state", value: ({ state }) => formatEnum(SigningKey_StateSchema, state) },
          { title: "created", value: ({ createTime }) => formatTime(createTime) },
        ],
        response.signingKeys,
      );
      if (!response.created)
        call.terminal.note("The newest key does not sign yet: no other one was created.");
    });
  },
});

const revoke = command({
  name: "revoke",
  summary: "Revoke an API key",
  args: ["<key-id>"],
  options: { yes: flag("do not ask", { short: "y" }) },
  examples: [`keys revoke ${exampleId}`],
  async run(call, [apiKeyId], { yes }) {
    await confirm(call, `Revoke the key ${apiKeyId}?`, yes);
    const response = await (await call.client(ApiKeyService)).revokeApiKey(
      { apiKeyId },
      { signal: call.signal },
    );
    await call.show(RevokeApiKeyResponseSchema, response, () => call.terminal.note("Revoked."));
  },
});

export const keys: CommandGroup = {
  name: "keys",
  summary: "Your API keys",
  commands: [list, get, create, update, revoke, rotateSigning],
};
