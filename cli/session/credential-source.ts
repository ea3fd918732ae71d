import { Code, ConnectError, createClient, type Transport } from "@connectrpc/connect";
import { AuthService } from "../../gen/sluice/identity/v1/auth_pb.ts";
import { loginEnded, notLoggedIn, type Session } from "./session.ts";
import type { Settings } from "./settings.ts";
import { type Contexts, type Credential, changeContexts, readContexts } from "./store.ts";

type CredentialHeader = { readonly name: string; readonly value: string };

/** The header of the credential. */
export type CredentialSource = {
  header(): Promise<CredentialHeader>;
  /** Another one instead of a header that was refused; undefined if there is none. */
  renew(refused: CredentialHeader): Promise<CredentialHeader | undefined>;
};

type Login = Extract<Credential, { kind: "login" }>;

/** A token that ends sooner is refreshed before it is used. */
const marginMs = 30_000;
const refreshTimeoutMs = 10_000;

export function openCredential(session: Session, settings: Settings, transport: Transport): CredentialSource {
  const { credential } = session;
  if (credential.kind === "none")
    return { header: () => Promise.reject(notLoggedIn(session.server)), renew: never };
  if (credential.kind === "apiKey") return fixed({ name: "x-api-key", value: credential.apiKey });
  if (credential.kind === "token") return fixed(bearer(credential.accessToken));
  return refreshing(credential, session, settings, transport);
}

const never = () => Promise.resolve(undefined);
const fixed = (header: CredentialHeader): CredentialSource => ({ header: async () => header, renew: never });
const bearer = (token: string): CredentialHeader => ({ name: "authorization", value: `Bearer ${token}` });

function refreshing(
  first: Login,
  session: Session,
  settings: Settings,
  transport: Transport,
): CredentialSource {
  let login = first;
  // Calls of one command that start together share one refresh.
  let running: Promise<Login> | undefined;
  const refreshOnce = (isUsable: (stored: Login) => boolean): Promise<Login> => {
    running ??= refreshStored(session, settings, transport, isUsable).finally(() => {
      running = undefined;
    });
    return running;
  };
  return {
    async header() {
      if (!isFresh(login)) login = await refreshOnce(isFresh);
      return bearer(login.accessToken);
    },
    async renew(refused) {
      const isOther = (stored: Login) => bearer(stored.accessToken).value !== refused.value;
      login = isOther(login) ? login : await refreshOnce(isOther);
      return bearer(login.accessToken);
    },
  };
}

const isFresh = ({ expireMs }: Login): boolean => Date.now() < expireMs - marginMs;

/**
 * Refreshes the stored login, unless another process has just done so. Under the lock, because a refresh token that two processes use is taken
 * for a stolen one.
 */
async function refreshStored(
  session: Session,
  { folder }: Settings,
  transport: Transport,
  isUsable: (stored: Login) => boolean,
): Promise<Login> {
  const known = storedLogin(await readContexts(folder), session);
  if (isUsable(known)) return known;
  return changeContexts(folder, async (before) => {
    const stored = storedLogin(before, session);
    if (isUsable(stored)) return { after: before, result: stored };
    const result = await refresh(stored, session.server, transport);
    return { after: withCredential(before, session.name, result), result };
  });
}

function storedLogin({ contexts }: Contexts, { name, server }: Session): Login {
  const context = contexts[name];
  if (context?.credential?.kind !== "login" || context.server !== server) throw loginEnded(server);
  return context.credential;
}

async function refresh({ refreshToken }: Login, server: string, transport: Transport): Promise<Login> {
  try {
    const issued = await createClient(AuthService, transport).refreshToken(
      { refreshToken },
      { timeoutMs: refreshTimeoutMs },
    );
    return loginOf(issued);
  } catch (error) {
    throw ConnectError.from(error).code === Code.Unauthenticated ? loginEnded(server) : error;
  }
}

/** The login of an issued pair of tokens. */
export const loginOf = (issued: { accessToken: string; refreshToken: string; expiresIn: number }): Login => ({
  kind: "login",
  accessToken: issued.accessToken,
  refreshToken: issued.refreshToken,
  expireMs: Date.now() + issued.expiresIn * 1000,
});

const withCredential = (before: Contexts, name: string, credential: Credential): Contexts => {
  const context = before.contexts[name];
  return context
    ? { ...before, contexts: { ...before.contexts, [name]: { ...context, credential } } }
    : before;
};
