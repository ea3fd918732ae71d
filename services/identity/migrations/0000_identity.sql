CREATE SCHEMA "identity";
--> statement-breakpoint
CREATE TABLE "identity"."api_keys" (
	"api_key_id" uuid PRIMARY KEY NOT NULL,
	"org_id" uuid NOT NULL,
	"user_id" uuid NOT NULL,
	"display_name" text NOT NULL,
	"roles" text[] NOT NULL,
	"secret_sha256" text NOT NULL,
	"prefix" text NOT NULL,
	"expire_time" timestamp with time zone,
	"create_time" timestamp with time zone DEFAULT now() NOT NULL,
	CONSTRAINT "api_keys_secret_unique" UNIQUE("secret_sha256"),
	CONSTRAINT "api_keys_roles_known" CHECK (roles <@ array['viewer', 'editor', 'approver', 'admin', 'platform-admin'])
);
--> statement-breakpoint
CREATE TABLE "identity"."login_attempts" (
	"subject" text PRIMARY KEY NOT NULL,
	"times" timestamp with time zone[] NOT NULL
);
--> statement-breakpoint
CREATE TABLE "identity"."logins" (
	"login_id" uuid PRIMARY KEY NOT NULL,
	"org_id" uuid NOT NULL,
	"user_id" uuid NOT NULL,
	"api_key_id" uuid,
	"create_time" timestamp with time zone DEFAULT now() NOT NULL,
	"expire_time" timestamp with time zone NOT NULL,
	"revoke_time" timestamp with time zone
);
--> statement-breakpoint
CREATE TABLE "identity"."orgs" (
	"org_id" uuid PRIMARY KEY NOT NULL,
	"name" text NOT NULL,
	"display_name" text NOT NULL,
	"create_time" timestamp with time zone DEFAULT now() NOT NULL,
	"update_time" timestamp with time zone DEFAULT now() NOT NULL,
	"revision" integer DEFAULT 1 NOT NULL,
	CONSTRAINT "orgs_name_unique" UNIQUE("name"),
	CONSTRAINT "orgs_name_form" CHECK ("identity"."orgs"."name" ~ '^[a-z][a-z0-9-]{0,62}$')
);
--> statement-breakpoint
CREATE TABLE "identity"."refresh_tokens" (
	"token_sha256" text PRIMARY KEY NOT NULL,
	"login_id" uuid NOT NULL,
	"expire_time" timestamp with time zone NOT NULL,
	"spent_time" timestamp with time zone
);
--> statement-breakpoint
CREATE TABLE "identity"."requests" (
	"org_id" uuid NOT NULL,
	"method" text NOT NULL,
	"request_id" uuid NOT NULL,
	"request_sha256" "bytea" NOT NULL,
	"response" "bytea",
	"create_time" timestamp with time zone DEFAULT now() NOT NULL,
	CONSTRAINT "requests_org_id_method_request_id_pk" PRIMARY KEY("org_id","method","request_id")
);
--> statement-breakpoint
CREATE TABLE "identity"."secrets" (
	"org_id" uuid NOT NULL,
	"name" text NOT NULL,
	"key_id" text NOT NULL,
	"nonce" text NOT NULL,
	"ciphertext" text NOT NULL,
	"create_time" timestamp with time zone DEFAULT now() NOT NULL,
	"update_time" timestamp with time zone DEFAULT now() NOT NULL,
	CONSTRAINT "secrets_name_unique" PRIMARY KEY("org_id","name")
);
--> statement-breakpoint
CREATE TABLE "identity"."signing_keys" (
	"kid" uuid PRIMARY KEY NOT NULL,
	"x" text NOT NULL,
	"key_id" text NOT NULL,
	"nonce" text NOT NULL,
	"ciphertext" text NOT NULL,
	"create_time" timestamp with time zone DEFAULT now() NOT NULL
);
--> statement-breakpoint
CREATE TABLE "identity"."users" (
	"user_id" uuid PRIMARY KEY NOT NULL,
	"org_id" uuid NOT NULL,
	"email" text NOT NULL,
	"display_name" text NOT NULL,
	"password_hash" text NOT NULL,
	"roles" text[] NOT NULL,
	"active" boolean DEFAULT true NOT NULL,
	"create_time" timestamp with time zone DEFAULT now() NOT NULL,
	"update_time" timestamp with time zone DEFAULT now() NOT NULL,
	"revision" integer DEFAULT 1 NOT NULL,
	CONSTRAINT "users_org_unique" UNIQUE("org_id","user_id"),
	CONSTRAINT "users_roles_known" CHECK (roles <@ array['viewer', 'editor', 'approver', 'admin', 'platform-admin'] and cardinality("identity"."users"."roles") > 0)
);
--> statement-breakpoint
ALTER TABLE "identity"."api_keys" ADD CONSTRAINT "api_keys_user_exists" FOREIGN KEY ("org_id","user_id") REFERENCES "identity"."users"("org_id","user_id") ON DELETE cascade ON UPDATE no action;--> statement-breakpoint
ALTER TABLE "identity"."logins" ADD CONSTRAINT "logins_user_exists" FOREIGN KEY ("org_id","user_id") REFERENCES "identity"."users"("org_id","user_id") ON DELETE cascade ON UPDATE no action;--> statement-breakpoint
ALTER TABLE "identity"."logins" ADD CONSTRAINT "logins_api_key_exists" FOREIGN KEY ("api_key_id") REFERENCES "identity"."api_keys"("api_key_id") ON DELETE cascade ON UPDATE no action;--> statement-breakpoint
ALTER TABLE "identity"."refresh_tokens" ADD CONSTRAINT "refresh_tokens_login_exists" FOREIGN KEY ("login_id") REFERENCES "identity"."logins"("login_id") ON DELETE cascade ON UPDATE no action;--> statement-breakpoint
ALTER TABLE "identity"."secrets" ADD CONSTRAINT "secrets_org_exists" FOREIGN KEY ("org_id") REFERENCES "identity"."orgs"("org_id") ON DELETE no action ON UPDATE no action;--> statement-breakpoint
ALTER TABLE "identity"."users" ADD CONSTRAINT "users_org_exists" FOREIGN KEY ("org_id") REFERENCES "identity"."orgs"("org_id") ON DELETE no action ON UPDATE no action;--> statement-breakpoint
CREATE INDEX "api_keys_org" ON "identity"."api_keys" USING btree ("org_id","api_key_id");--> statement-breakpoint
CREATE INDEX "api_keys_user" ON "identity"."api_keys" USING btree ("user_id");--> statement-breakpoint
CREATE INDEX "logins_user" ON "identity"."logins" USING btree ("user_id");--> statement-breakpoint
CREATE INDEX "logins_api_key" ON "identity"."logins" USING btree ("api_key_id");--> statement-breakpoint
CREATE INDEX "logins_expire_time" ON "identity"."logins" USING btree ("expire_time");--> statement-breakpoint
CREATE INDEX "refresh_tokens_login" ON "identity"."refresh_tokens" USING btree ("login_id");--> statement-breakpoint
CREATE INDEX "refresh_tokens_expire_time" ON "identity"."refresh_tokens" USING btree ("expire_time");--> statement-breakpoint
CREATE UNIQUE INDEX "users_email_unique" ON "identity"."users" USING btree (lower("email"));