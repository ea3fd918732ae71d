import { AuthService, RedeemPasswordResetResponseSchema } from "../../gen/sluice/identity/v1/auth_pb.ts";
import { ChangePasswordResponseSchema, UserService } from "../../gen/sluice/identity/v1/users_pb.ts";
import { type CommandGroup, command } from "../command/command.ts";
import { flag } from "../command/options.ts";
import { connectAnonymously } from "../session/connect.ts";
import { readNewPassword } from "../terminal/read-new-password.ts";

const change = command({
  name: "change",
  summary: "Change your password; your other logins end",
  details: "Both passwords are asked for, or read from two lines of standard input.",
  options: { passwordStdin: flag("read the old and the new password from two lines of standard input") },
  examples: ["password change"],
  async run(call, _args, { passwordStdin }) {
    const client = await call.client(UserService);
    const given = await readNewPassword(call, "old password", passwordStdin);
    const request = { oldPassword: given.proof, newPassword: given.newPassword };
    const response = await client.changePassword(request, { signal: call.signal });
    await call.show(ChangePasswordResponseSchema, response, () => call.terminal.note("It is changed."));
  },
});

const redeem = command({
  name: "redeem",
  summary: "Set a new password with the token of an administrator",
  details:
    "The token of `sluice users reset-password` and the password are asked for, or read from two lines.",
  options: { passwordStdin: flag("read the token and the new password from two lines of standard input") },
  examples: ["password redeem --server https://sluice.example.org"],
  async run(call, _args, { passwordStdin }) {
    const { server } = await call.session();
    const { proof: resetToken, newPassword } = await readNewPassword(call, "token", passwordStdin);
    const response = await connectAnonymously(server)
      .client(AuthService)
      .redeemPasswordReset({ resetToken, newPassword }, { signal: call.signal });
    await call.show(RedeemPasswordResetResponseSchema, response, () =>
      call.terminal.note("It is set: log in with `sluice login`."),
    );
  },
});

export const password: CommandGroup = {
  name: "password",
  summary: "Your password",
  commands: [change, redeem],
};
