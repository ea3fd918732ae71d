import {
  CreateUserResponseSchema,
  DeleteUserResponseSchema,
  GetUserResponseSchema,
  ResetPasswordResponseSchema,
  UpdateUserResponseSchema,
  UserSchema,
  UserService,
} from "../../gen/sluice/identity/v1/users_pb.ts";
import { type CommandGroup, command } from "../command/command.ts";
import { listCommand } from "../command/list.ts";
import { flag, many, text, whole } from "../command/options.ts";
import { usageError } from "../failures/command-error.ts";
import { resolveUser } from "../resolve/resolve-user.ts";
import { roles } from "../resolve/roles.ts";
import { confirm } from "../terminal/confirm.ts";
import { readSecret } from "../terminal/read-secret.ts";
import { printRecord } from "../terminal/record.ts";
import { formatTime } from "../terminal/value.ts";

const list = listCommand({
  summary: "List the users of your organisation",
  examples: ["users list", "users list --all --json"],
  service: UserService,
  method: UserService.method.listUsers,
  request: () => ({}),
  items: (response) => response.users,
  columns: [
    { title: "id", value: ({ userId }) => userId },
    { title: "e-mail", value: ({ email }) => email },
    { title: "name", value: ({ displayName }) => displayName ?? "" },
    { title: "roles", value: (user) => user.roles.join(", ") },
    { title: "active", value: ({ active }) => (active ? "yes" : "no") },
    { title: "created", value: ({ createTime }) => formatTime(createTime) },
  ],
  id: ({ userId }) => userId,
});

const get = command({
  name: "get",
  summary: "Show a user",
  args: ["<user>"],
  examples: ["users get grace@example.org"],
  async run(call, [user]) {
    const client = await call.client(UserService);
    const response = await client.getUser({ userId: await resolveUser(call, user) }, { signal: call.signal });
    await call.show(GetUserResponseSchema, response, () =>
      printRecord(call.terminal, UserSchema, response.user),
    );
  },
});

const create = command({
  name: "create",
  summary: "Add a user to your organisation",
  details: "The password is asked for, or read from standard input.",
  args: ["<email>"],
  options: {
    name: text("name", "name for people"),
    role: many("role", "role of the user; can be repeated", { choices: roles }),
    passwordStdin: flag("read the password from standard input"),
  },
  examples: [
    "users create grace@example.org --name Grace --role approver",
    "users create grace@example.org --role viewer --password-stdin < password.txt",
  ],
  async run(call, [email], { name, role, passwordStdin }) {
    const password = await readSecret(call, "password", { option: "--password-stdin", given: passwordStdin });
    const client = await call.client(UserService);
    const request = { user: { email, displayName: name ?? "" }, roles: [...role], password };
    const response = await client.createUser(request, { signal: call.signal });
    await call.show(CreateUserResponseSchema, response, () =>
      printRecord(call.terminal, UserSchema, response.user),
    );
  },
});

const update = command({
  name: "update",
  summary: "Change a user's name, roles or whether they can log in",
  args: ["<user>"],
  options: {
    name: text("name", "name for people"),
    role: many("role", "the roles, instead of the current ones", { choices: roles }),
    activate: flag("let the user log in"),
    deactivate: flag("lock the user out"),
  },
  examples: [
    "users update grace@example.org --role approver --role editor",
    "users update grace@example.org --deactivate",
  ],
  async run(call, [user], { name, role, activate, deactivate }) {
    if (activate && deactivate) throw usageError("--activate and --deactivate exclude each other");
    const paths = [
      ...(name === undefined ? [] : ["display_name"]),
      ...(role.length === 0 ? [] : ["roles"]),
      ...(activate || deactivate ? ["active"] : []),
    ];
    if (paths.length === 0)
      throw usageError("nothing to change", "give --name, --role, --activate or --deactivate");
    const userId = await resolveUser(call, user);
    const changed = { userId, displayName: name ?? "", roles: [...role], active: activate };
    const client = await call.client(UserService);
    const response = await client.updateUser(
      { user: changed, updateMask: { paths } },
      { signal: call.signal },
    );
    await call.show(UpdateUserResponseSchema, response, () =>
      printRecord(call.terminal, UserSchema, response.user),
    );
  },
});

const hourSeconds = 3600;

const resetPassword = command({
  name: "reset-password",
  summary: "Create a token with which a user sets a new password, once",
  details:
    "The token goes to standard output and all else to standard error. Give it to the user in private: `sluice password redeem` takes it.",
  args: ["<user>"],
  options: { hours: whole("hours", "hours until it expires (default 24)", { min: 1, max: 168 }) },
  examples: ["users reset-password grace@example.org", "users reset-password grace@example.org --hours 1"],
  async run(call, [user], { hours }) {
    const userId = await resolveUser(call, user);
    const request = { userId, lifetimeSeconds: (hours ?? 0) * hourSeconds };
    const response = await (await call.client(UserService)).resetPassword(request, { signal: call.signal });
    await call.show(ResetPasswordResponseSchema, response, () => {
      call.terminal.note(`Valid once, until ${formatTime(response.expireTime)}. It is not shown again.`);
      call.terminal.print(response.resetToken);
    });
  },
});

const remove = command({
  name: "delete",
  summary: "Remove a user",
  args: ["<user>"],
  options: { yes: flag("do not ask", { short: "y" }) },
  examples: ["users delete grace@example.org"],
  async run(call, [user], { yes }) {
    const userId = await resolveUser(call, user);
    await confirm(call, `Remove the user ${user}?`, yes);
    const response = await (await call.client(UserService)).deleteUser({ userId }, { signal: call.signal });
    await call.show(DeleteUserResponseSchema, response, () => call.terminal.note("Removed."));
  },
});

export const users: CommandGroup = {
  name: "users",
  summary: "Users of your organisation",
  commands: [list, get, create, update, resetPassword, remove],
};
