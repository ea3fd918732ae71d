import { AuthService } from "../../gen/sluice/identity/v1/auth_pb.ts";
import { command } from "../command/command.ts";
import { flag } from "../command/options.ts";
import { connectAnonymously } from "../session/connect.ts";
import { changeContexts } from "../session/store.ts";

export const logout = command({
  name: "logout",
  summary: "End the login of the current context, on the server too",
  options: { forget: flag("remove the context as well") },
  examples: ["logout", "logout --context work --forget"],
  async run(call, _args, { forget }) {
    const { name, server, credential } = await call.session();
    if (name === "") return call.terminal.note("You are not logged in.");
    await changeContexts(call.settings.folder, async ({ current, contexts }) => {
      const { [name]: left, ...others } = contexts;
      if (left?.credential?.kind === "login") {
        // Under the lock: a refresh at the same time would issue another token.
        const { refreshToken } = left.credential;
        await connectAnonymously(server)
          .client(AuthService)
          .revokeToken({ refreshToken }, { signal: call.signal });
      }
      const kept = forget || !left ? others : { ...contexts, [name]: withoutCredential(left) };
      return {
        after: { current: forget && current === name ? "" : current, contexts: kept },
        result: undefined,
      };
    });
    const rest =
      credential.kind === "apiKey" ? " The key itself stays valid: `sluice keys revoke` ends it." : "";
    call.terminal.note(`Logged out of ${server}.${rest}`);
  },
});

const withoutCredential = <Context extends object>(context: Context): Omit<Context, "credential"> => {
  const { credential: _, ...kept } = context as Context & { credential?: unknown };
  return kept as Omit<Context, "credential">;
};
