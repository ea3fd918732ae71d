/** Why a server's certificate is not trusted; completes a sentence about the server. Undefined for other errors. */
export function tlsProblem(error: unknown): string | undefined {
  const code = (error as { code?: unknown }).code;
  if (code === "ERR_TLS_CERT_ALTNAME_INVALID") return "shows a certificate of another name";
  if (code === "CERT_HAS_EXPIRED") return "shows a certificate that has expired";
  if (code === "CERT_NOT_YET_VALID") return "shows a certificate that is not valid yet";
  if (typeof code === "string" && untrusted.test(code)) {
    return "shows a certificate of an unknown authority: name a secret with the authority's certificate in settings.caSecret";
  }
  return undefined;
}

/** OpenSSL's codes for a certificate chain without a trusted root. */
const untrusted =
  /^(SELF_SIGNED_CERT|DEPTH_ZERO_SELF_SIGNED|UNABLE_TO_|CERT_|INVALID_CA|INVALID_PURPOSE|PATH_LENGTH|HOSTNAME_MISMATCH)/;
