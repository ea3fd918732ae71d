import type { DescService } from "@bufbuild/protobuf";
import { type Client, createClient, type Interceptor } from "@connectrpc/connect";
import { createConnectTransport } from "@connectrpc/connect-node";
import { AuthService } from "../../gen/sluice/identity/v1/auth_pb.ts";

/** A logged-in user. */
export type Person = {
  /** Calls a service of the mesh through the edge. */
  client<Service extends DescService>(service: Service): Client<Service>;
  /** Calls REST for uploads and downloads. Rejects unless the status is a success. */
  fetch(path: string, init?: RequestInit): Promise<Response>;
};

export async function logIn(url: string, email: string, password: string): Promise<Person> {
  const { accessToken } = await createClient(AuthService, transportTo(url)).issueToken({
    email,
    password,
  });
  const authorization = `Bearer ${accessToken}`;
  const transport = transportTo(url, (next) => (request) => {
    request.header.set("authorization", authorization);
    return next(request);
  });
  return {
    client: (service) => createClient(service, transport),
    async fetch(path, init) {
      const response = await fetch(`${url}${path}`, { ...init, headers: { authorization } });
      if (!response.ok) throw new Error(`${path}: ${response.status} ${await response.text()}`);
      return response;
    },
  };
}

const transportTo = (baseUrl: string, ...interceptors: Interceptor[]) =>
  createConnectTransport({ baseUrl, httpVersion: "1.1", interceptors });
