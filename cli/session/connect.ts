import type { DescService } from "@bufbuild/protobuf";
import {
  type Client,
  Code,
  ConnectError,
  createClient,
  type Interceptor,
  type Transport,
} from "@connectrpc/connect";
import { createConnectTransport } from "@connectrpc/connect-node";
import { type CredentialSource, openCredential } from "./credential-source.ts";
import type { Session } from "./session.ts";
import type { Settings } from "./settings.ts";

/** Clients of a server's services. */
export type Connection = { client<Service extends DescService>(service: Service): Client<Service> };

/** Connects with the session's credential, which is refreshed when it ends. */
export function connect(session: Session, settings: Settings): Connection {
  const source = openCredential(session, settings, openTransport(session.server, []));
  return connectionOf(openTransport(session.server, [authenticated(source)]));
}

/** Connects without a credential, for the login. */
export const connectAnonymously = (server: string): Connection => connectionOf(openTransport(server, []));

const connectionOf = (transport: Transport): Connection => ({
  client: (service) => createClient(service, transport),
});

const openTransport = (baseUrl: string, interceptors: Interceptor[]): Transport =>
  createConnectTransport({ baseUrl, httpVersion: "1.1", interceptors });

/** Sends the credential with each call. A call whose token was revoked early is repeated once with a new one. */
const authenticated =
  (source: CredentialSource): Interceptor =>
  (next) =>
  async (request) => {
    const header = await source.header();
    request.header.set(header.name, header.value);
    try {
      return await next(request);
    } catch (error) {
      if (request.stream || ConnectError.from(error).code !== Code.Unauthenticated) throw error;
      const renewed = await source.renew(header);
      if (!renewed) throw error;
      request.header.set(renewed.name, renewed.value);
      return next(request);
    }
  };
