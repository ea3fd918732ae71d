/** All roles, from the least to the greatest. */
export const roles = ["viewer", "editor", "approver", "admin", "platform-admin"] as const;
