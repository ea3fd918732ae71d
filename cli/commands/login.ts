import { AuthService } from "../../gen/sluice/identity/v1/auth_pb.ts";
import type { Call } from "../command/call.ts";
import { command } from "../command/command.ts";
import { flag, optional, text } from "../command/options.ts";
import { usageError } from "../failures/command-error.ts";
import { byIssuer } from "../login/by-issuer.ts";
import type { LoginWay } from "../login/login-way.ts";
import { connect, connectAnonymously } from "../session/connect.ts";
import { loginOf } from "../session/credential-source.ts";
import { defaultServer, findSession, normaliseServer } from "../session/session.ts";
import { changeContexts } from "../session/store.ts";
import { readSecret } from "../terminal/read-secret.ts";

const byApiKey: LoginWay = {
  isChosen: ({ apiKeyStdin }) => apiKeyStdin,
  async obtain(call) {
    const apiKey = await readSecret(call, "API key", { option: "--api-key-stdin", given: true });
    return { account: `key ${apiKey.slice(0, 8)}…`, credential: { kind: "apiKey", apiKey } };
  },
};

const byPassword: LoginWay = {
  isChosen: () => true,
  async obtain(call, server, options) {
    const email = options.email ?? (await askEmail(call));
    const password = await readSecret(call, "password", {
      option: "--password-stdin",
      given: options.passwordStdin,
    });
    const issued = await connectAnonymously(server)
      .client(AuthService)
      .issueToken({ email, password, org: options.org ?? "" }, { signal: call.signal });
    return { account: email, credential: loginOf(issued) };
  },
};

/** The first one that the options choose is taken. */
const ways: readonly LoginWay[] = [byIssuer, byApiKey, byPassword];

export const login = command({
  name: "login",
  summary: "Log in at a server and make it the current context",
  details:
    "Passwords and keys are asked for, or read from standard input: never give them as arguments. Tokens are kept in a file that only you can read, and refreshed when they end. --oidc opens the browser named by BROWSER, or the desktop's, and prints the address as well.",
  options: {
    email: text("address", "e-mail address of your account"),
    org: text("name", "organisation, if your address and password are the same in several"),
    oidc: optional("provider", "sign in with the browser at an identity provider; the only one by default"),
    passwordStdin: flag("read the password from standard input"),
    apiKeyStdin: flag("log in with an API key from standard input"),
  },
  examples: [
    "login",
    "login --server https://sluice.example.org --context work",
    "login --email ada@example.org --password-stdin < password.txt",
    "login --server https://sluice.example.org --oidc corp",
    "login --api-key-stdin < key.txt",
  ],
  async run(call, _args, options) {
    const server = await serverOf(call);
    warnOfPlainText(call, server);
    const way = ways.find(({ isChosen }) => isChosen(options)) ?? byPassword;
    const { account, credential } = await way.obtain(call, server, options);
    const name = call.settings.context ?? new URL(server).host;
    // Whether a key is valid is not known before it is used.
    const session = { server, name, account, credential };
    if (credential.kind === "apiKey") {
      await connect(session, call.settings).client(AuthService).whoAmI({}, { signal: call.signal });
    }
    await changeContexts(call.settings.folder, async (before) => ({
      after: { current: name, contexts: { ...before.contexts, [name]: { server, account, credential } } },
      result: undefined,
    }));
    call.terminal.note(`Logged in at ${server} as ${account}, context ${name}.`);
  },
});

/** The server of the options, or of the context: a login in a new context needs one. */
async function serverOf({ settings }: Call): Promise<string> {
  if (settings.server !== undefined) return normaliseServer(settings.server);
  return findSession(settings).then(
    ({ server }) => server,
    (error) => {
      if (settings.context !== undefined) return defaultServer;
      throw error;
    },
  );
}

async function askEmail(call: Call): Promise<string> {
  if (!call.canAsk) throw usageError("the e-mail address is missing", "give it with --email");
  const { askText } = await import("../terminal/ask.ts");
  return askText("E-mail address", {
    check: (value) => (value.includes("@") ? undefined : "is an e-mail address"),
  });
}

/** Without TLS, others on the network can read the password. */
function warnOfPlainText({ terminal }: Call, server: string): void {
  const { protocol, hostname } = new URL(server);
  const isLocal = hostname === "localhost" || hostname === "[::1]" || hostname.startsWith("127.");
  if (protocol === "https:" || isLocal) return;
  terminal.note(
    `${terminal.noteStyle("warning:", "yellow")} ${server} has no TLS: others can read your password`,
  );
}
