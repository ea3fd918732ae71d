import {
  type AuthorizationServer,
  authorizationCodeGrantRequest,
  type Client,
  ClientSecretBasic,
  ClientSecretPost,
  clockTolerance,
  getValidatedIdTokenClaims,
  JWT_CLAIM_COMPARISON,
  JWT_TIMESTAMP_CHECK,
  None,
  OperationProcessingError,
  processAuthorizationCodeResponse,
  processUserInfoResponse,
  ResponseBodyError,
  type TokenEndpointResponse,
  userInfoRequest,
  validateAuthResponse,
} from "oauth4webapi";
import type { ExchangeCodeRequest } from "../../../gen/sluice/identity/v1/auth_pb.ts";
import { credentialInvalid } from "../errors.ts";
import type { Issuer } from "./issuer.ts";
import { type Claims, verifyIssuerToken } from "./verify-issuer-token.ts";

type Request = Pick<ExchangeCodeRequest, "code" | "codeVerifier" | "redirectUri" | "nonce" | "iss">;

/**
 * Exchanges a code at the issuer. Returns the claims of the ID token, with those of the userinfo endpoint if configured.
 * Throws credentialInvalid or issuerUnavailable.
 */
export async function exchange(issuer: Issuer, request: Request): Promise<Claims> {
  const { idToken, accessToken } = await requestTokens(issuer, request);
  const claims = await verifyIssuerToken(issuer, idToken, { audience: [issuer.config.client_id] });
  if (!issuer.config.userinfo) return claims;
  return { ...(await readUserinfo(issuer, accessToken, claims.sub)), ...claims };
}

async function requestTokens(issuer: Issuer, request: Request) {
  const server = await issuer.metadata();
  const client = clientOf(issuer);
  const callback = checkRedirect(server, client, request);
  try {
    const { redirectUri, codeVerifier, nonce: expectedNonce } = request;
    const response = await authorizationCodeGrantRequest(
      server,
      client,
      clientAuthenticationOf(issuer),
      callback,
      redirectUri,
      codeVerifier,
      issuer.requestOptions,
    );
    const options = { expectedNonce, requireIdToken: true };
    return tokensOf(await processAuthorizationCodeResponse(server, client, response, options));
  } catch (error) {
    throw isRefusal(error) ? credentialInvalid() : issuer.unavailable(error);
  }
}

/** The caller has compared the `state`. A redirect of another issuer names that one in `iss`. */
function checkRedirect(server: AuthorizationServer, client: Client, { code, iss }: Request): URLSearchParams {
  try {
    return validateAuthResponse(server, client, new URLSearchParams({ code, ...(iss && { iss }) }));
  } catch {
    throw credentialInvalid();
  }
}

async function readUserinfo(issuer: Issuer, accessToken: string, subject: string) {
  const server = await issuer.metadata();
  const client = clientOf(issuer);
  try {
    const response = await userInfoRequest(server, client, accessToken, issuer.requestOptions);
    return await processUserInfoResponse(server, client, subject, response);
  } catch (error) {
    throw issuer.unavailable(error);
  }
}

function tokensOf(response: TokenEndpointResponse): { idToken: string; accessToken: string } {
  const idToken = getValidatedIdTokenClaims(response) && response.id_token;
  if (!idToken) throw new Error("the response has no ID token");
  return { idToken, accessToken: response.access_token };
}

const clientOf = ({ config }: Issuer): Client => ({
  client_id: config.client_id,
  [clockTolerance]: config.clock_tolerance_seconds,
});

function clientAuthenticationOf({ config }: Issuer) {
  const { clientSecretValue: secret } = config;
  if (secret === undefined) return None();
  return config.client_authentication === "post" ? ClientSecretPost(secret) : ClientSecretBasic(secret);
}

/** Codes of the library for an ID token of another sign-in, issuer or time. */
const refusals: ReadonlySet<string | undefined> = new Set([JWT_CLAIM_COMPARISON, JWT_TIMESTAMP_CHECK]);

/** Whether the code or the ID token is at fault, rather than the issuer or its settings. */
function isRefusal(error: unknown): boolean {
  if (error instanceof ResponseBodyError) return error.error === "invalid_grant";
  return error instanceof OperationProcessingError && refusals.has(error.code);
}
