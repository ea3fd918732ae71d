import type { Recipe } from "./collection.ts";

const auth = "compat.gateway.v1.AuthService";
const users = "compat.gateway.v1.UserService";
const token = "access_token";
const path = { id: "user_id" };

/** The recipe of the Postman collection of each compat API that has one, by system. */
export const recipes: Readonly<Record<string, Recipe>> = {
  gateway: {
    variables: {
      base_url: "http://127.0.0.1:8080",
      email: "admin@sluice.local",
      password: "",
      access_token: "",
      refresh_token: "",
      user_id: "",
    },
    steps: [
      {
        operation: `${auth}.IssueTokens`,
        body: { email: "{{email}}", password: "{{password}}" },
        sets: { access_token: "access_token", refresh_token: "refresh_token" },
      },
      { operation: `${auth}.RefreshAccess`, token: "refresh_token", sets: { access_token: "access_token" } },
      {
        operation: `${users}.CreateUser`,
        token,
        body: {
          email: "{{$guid}}@example.org",
          password: "{{$guid}}",
          first_name: "Ada",
          last_name: "Lovelace",
        },
        sets: { user_id: "id" },
      },
      { operation: `${users}.ListUsers`, token },
      { operation: `${users}.GetMe`, token },
      { operation: `${users}.UpdateMe`, token, body: { first_name: "Grace", last_name: "Hopper" } },
      { operation: `${users}.GetUser`, token, path },
      { operation: `${users}.UpdateUser`, token, path, body: { is_active: false } },
      { operation: `${users}.DeleteUser`, token, path },
    ],
  },
};
