import { lookup } from "node:dns/promises";
import { request as requestHttp } from "node:http";
import { request as requestHttps } from "node:https";
import { isIP } from "node:net";
import type { AddressGuard } from "../../connectors/network/address-guard.ts";
import type { Receiver } from "./receiver.ts";

/** Time for one event, with the resolution of the name. */
const sendMs = 10_000;

/** Outcome of an attempt; `problem` is for the log, and has nothing that the receiver said. */
export type SendOutcome =
  | { readonly kind: "sent" }
  | { readonly kind: "refused" | "failed"; readonly problem: string };

/** Statuses after which another attempt may succeed. Others are refusals; redirects are not followed. */
const transientStatuses = new Set([408, 425, 429]);

/** Posts an event. Connects to addresses that the operator allows only, and reads nothing but the status. */
export async function sendEvent(
  { url, token }: Receiver,
  event: string,
  guard: AddressGuard,
  stop: AbortSignal,
): Promise<SendOutcome> {
  const signal = AbortSignal.any([stop, AbortSignal.timeout(sendMs)]);
  try {
    const { hostname } = new URL(url);
    const host = hostname.replace(/^\[|\]$/g, "");
    const [address = ""] = await guard(host, resolve);
    const status = await post(url, address, { event, token, signal });
    if (status >= 200 && status < 300) return { kind: "sent" };
    const isTransient = status >= 500 || transientStatuses.has(status);
    return { kind: isTransient ? "failed" : "refused", problem: `status ${status}` };
  } catch (error) {
    stop.throwIfAborted();
    return { kind: "failed", problem: signal.aborted ? "no response in time" : codeOf(error) };
  }
}

const codeOf = (error: unknown): string =>
  String((error as NodeJS.ErrnoException).code ?? (error as Error).message);

async function resolve(host: string): Promise<string[]> {
  if (isIP(host)) return [host];
  return (await lookup(host, { all: true })).map(({ address }) => address);
}

/** The status of the response. */
function post(
  url: string,
  address: string,
  { event, token, signal }: { event: string; token: string | undefined; signal: AbortSignal },
): Promise<number> {
  const request = url.startsWith("https:") ? requestHttps : requestHttp;
  const body = Buffer.from(event);
  return new Promise((resolveStatus, reject) => {
    const sent = request(url, {
      method: "POST",
      // The checked address: resolved again, the name may mean another one.
      lookup: (_host, options, found) =>
        options.all ? found(null, [{ address, family: isIP(address) }]) : found(null, address, isIP(address)),
      headers: {
        "content-type": "application/json",
        "content-length": body.length,
        ...(token !== undefined && { authorization: `Bearer ${token}` }),
      },
      signal,
      agent: false,
    });
    sent.once("error", reject);
    sent.once("response", (response) => {
      resolveStatus(response.statusCode ?? 0);
      // A response of any length is not worth its bytes.
      response.destroy();
    });
    sent.end(body);
  });
}
