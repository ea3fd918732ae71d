import { isLoopbackUrl } from "./loopback-url.ts";

/** Time for a request to an issuer, body included. The edge waits 5 s for a verification, which can need two. */
const timeoutMs = 2_000;
/** Bytes of a decompressed body. An ID token with ten thousand groups has less. */
const bodyBytesMax = 1024 * 1024;

/** The issuer did not answer, or not as it has to. The message is for the log. */
class IssuerError extends Error {
  override name = "IssuerError";
}

type Init = {
  readonly method?: string;
  readonly headers: Headers | Record<string, string>;
  readonly body?: URLSearchParams | undefined;
};
type Fetch = (url: string, init: Init) => Promise<Response>;

/**
 * A fetch for an issuer's endpoints, which its discovery document names: with a time limit, a limited body and no
 * redirects. Only an issuer on this machine can name endpoints in cleartext, and only on this machine.
 */
export function createIssuerFetch(issuerUrl: string): Fetch {
  const isLocal = isLoopbackUrl(issuerUrl);
  return async (url, { method = "GET", headers, body = null }) => {
    if (isLocal ? !isLoopbackUrl(url) : !url.startsWith("https://")) {
      throw new IssuerError(`the endpoint ${url} is not allowed for ${issuerUrl}`);
    }
    try {
      const signal = AbortSignal.timeout(timeoutMs);
      const response = await fetch(url, { method, headers, body, redirect: "manual", signal });
      return await readWhole(response);
    } catch (error) {
      if (error instanceof IssuerError) throw error;
      throw new IssuerError(`${url} does not answer`, { cause: error });
    }
  };
}

async function readWhole(response: Response): Promise<Response> {
  const { status, headers, url } = response;
  if ((status >= 300 && status < 400) || status >= 500) {
    await response.body?.cancel();
    throw new IssuerError(`${url} answers ${status}`);
  }
  const chunks: Uint8Array[] = [];
  let bytes = 0;
  for await (const chunk of response.body ?? []) {
    bytes += chunk.byteLength;
    // Leaving the loop cancels the body and closes the connection.
    if (bytes > bodyBytesMax) throw new IssuerError(`${url} answers more than ${bodyBytesMax} bytes`);
    chunks.push(chunk);
  }
  return new Response(Buffer.concat(chunks), { status, headers });
}
