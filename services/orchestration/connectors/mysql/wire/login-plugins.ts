import { type AuthPlugin, authPlugins } from "mysql2";

type Channel = { readonly isEncrypted: boolean };

/**
 * Methods to log in that depend on the encryption, of which the client knows nothing. Over TLS a server expects the password
 * itself, and would take a request for its public key for it.
 */
export const loginPlugins = (channel: Channel, password: string): Record<string, AuthPlugin> => ({
  caching_sha2_password: authPlugins.caching_sha2_password({
    get overrideIsSecure() {
      return channel.isEncrypted;
    },
  }),
  sha256_password(metadata) {
    const withKey = authPlugins.sha256_password()(metadata);
    return (data) => (channel.isEncrypted ? Buffer.from(`${password}\0`) : withKey(data));
  },
});
