import { z } from "zod";
import type { Env } from "../../services/lib/settings/env.ts";
import type { CertificateFiles } from "../../services/lib/tls/certificates.ts";
import type { CertificateSettings } from "../../services/lib/tls/check-certificates.ts";
import { togetherProblems } from "../../services/lib/tls/tls-settings.ts";
import type { ClientCertificates } from "./tls-context.ts";

/** Settings of the certificate of the port. */
export const edgeCertificate = {
  cert: "TLS_CERT_FILE",
  key: "TLS_KEY_FILE",
  ca: "TLS_CLIENT_CA_FILE",
} as const satisfies CertificateSettings;

/** TLS settings of the port. */
export const tlsEnv = {
  TLS_CERT_FILE: z.string().optional(),
  TLS_KEY_FILE: z.string().optional(),
  TLS_CLIENT_CA_FILE: z.string().optional(),
  TLS_CLIENT_CERTIFICATES: z
    .enum(["none", "optional", "required"], "must be none, optional or required")
    .optional(),
  HSTS_MAX_AGE: z
    .string()
    .regex(/^\d{1,9}$/, "must be a number of seconds")
    .default("31536000")
    .transform(Number),
};

type TlsSettings = z.output<z.ZodObject<typeof tlsEnv>>;

/** Problems of settings that contradict each other. */
export function tlsProblems(set: Env): string[] {
  const pair = togetherProblems(set, ["TLS_CERT_FILE", "TLS_KEY_FILE"]);
  const { TLS_CLIENT_CERTIFICATES: wanted = "none" } = set;
  const authority =
    wanted === "none" || set.TLS_CLIENT_CA_FILE !== undefined
      ? []
      : [`TLS_CLIENT_CA_FILE: is required with TLS_CLIENT_CERTIFICATES=${wanted}`];
  if (pair.length > 0 || set.TLS_CERT_FILE !== undefined || set.TLS_CLIENT_CA_FILE === undefined) {
    return [...pair, ...authority];
  }
  return ["TLS_CERT_FILE, TLS_KEY_FILE: are required with TLS_CLIENT_CA_FILE"];
}

export function tlsOf(settings: TlsSettings): {
  /** Undefined where the port speaks cleartext. */
  readonly tlsFiles: CertificateFiles | undefined;
  /** Default: required where there is an authority. */
  readonly clientCertificates: ClientCertificates;
  /** In seconds; 0 revokes it. Undefined without TLS. */
  readonly hstsMaxAgeSeconds: number | undefined;
} {
  const { TLS_CERT_FILE: certFile, TLS_KEY_FILE: keyFile, TLS_CLIENT_CA_FILE: caFile } = settings;
  const clientCertificates = settings.TLS_CLIENT_CERTIFICATES ?? "required";
  if (!certFile || !keyFile) return { tlsFiles: undefined, clientCertificates, hstsMaxAgeSeconds: undefined };
  return {
    tlsFiles: { certFile, keyFile, caFile },
    clientCertificates,
    hstsMaxAgeSeconds: settings.HSTS_MAX_AGE,
  };
}
