import { randomUUID } from "node:crypto";
import { AuthService } from "../../../gen/sluice/identity/v1/auth_pb.ts";
import { type Identity, newEmail, startIdentity, verify } from "../fixtures.ts";
import { type Authorized, authorize } from "./authorize.ts";
import { issuerOf, type Rules } from "./issuer-of.ts";
import { type Person, startProvider, type TestProvider } from "./provider.ts";

/** An identity service with issuers, each of which is a provider of its own. */
export type Scene = AsyncDisposable & {
  readonly identity: Identity;
  provider(name: string): TestProvider;
  /** Adds a person whom every provider knows. Returns the subject. */
  newPerson(claims?: Person): string;
  changePerson(subject: string, claims: Person): void;
  /** A code of the issuer for the person. */
  authorized(name: string, subject: string, resource?: string): Promise<Authorized>;
  signIn(name: string, subject: string): Promise<{ accessToken: string; refreshToken: string }>;
  /** The principal of a new login. */
  principalAfterSignIn(
    name: string,
    subject: string,
  ): Promise<{ orgId: string; userId: string; roles: string[] }>;
};

/** `rules` has the settings of each issuer by its name. */
export async function startScene(rules: Readonly<Record<string, Rules>>): Promise<Scene> {
  await using stack = new AsyncDisposableStack();
  const people = new Map<string, Person>();
  const names = Object.keys(rules);
  const started = await Promise.all(names.map(() => startProvider(people)));
  const providers = new Map(started.map((provider, index) => [names[index], stack.use(provider)]));
  const provider = (name: string): TestProvider => {
    const found = providers.get(name);
    if (!found) throw new Error(`no provider ${name}`);
    return found;
  };
  const issuers = names.map((name) => issuerOf(name, provider(name).url, rules[name]));
  const identity = stack.use(await startIdentity({ issuers }));
  const authorized = async (name: string, subject: string, resource?: string) => {
    const listed = await identity.client(AuthService, undefined).listIssuers({});
    const issuer = listed.issuers.find((one) => one.name === name);
    if (!issuer) throw new Error(`no issuer ${name}`);
    return authorize({ ...issuer, subject, ...(resource && { resource }) });
  };
  const signIn = async (name: string, subject: string) =>
    identity
      .client(AuthService, undefined)
      .exchangeCode({ issuer: name, ...(await authorized(name, subject)) });
  const owned = stack.move();
  return {
    identity,
    provider,
    newPerson(claims) {
      const subject = randomUUID();
      people.set(subject, {
        email: newEmail(),
        email_verified: true,
        name: "Ada Lovelace",
        ...claims,
      });
      return subject;
    },
    changePerson: (subject, claims) => people.set(subject, { ...people.get(subject), ...claims }),
    authorized,
    signIn,
    async principalAfterSignIn(name, subject) {
      const { orgId, userId, roles } = await verify(identity, (await signIn(name, subject)).accessToken);
      return { orgId, userId, roles };
    },
    [Symbol.asyncDispose]: () => owned[Symbol.asyncDispose](),
  };
}
