CREATE TABLE "identity"."external_ids" (
	"mapping_id" uuid PRIMARY KEY NOT NULL,
	"api_key_id" uuid NOT NULL,
	"kind" text NOT NULL,
	"external_id" text NOT NULL,
	"org_id" uuid NOT NULL,
	"user_id" uuid,
	"create_time" timestamp with time zone DEFAULT now() NOT NULL,
	CONSTRAINT "external_ids_unique" UNIQUE("api_key_id","kind","external_id"),
	CONSTRAINT "external_ids_kind" CHECK ("identity"."external_ids"."kind" = case when "identity"."external_ids"."user_id" is null then 'org' else 'user' end)
);
--> statement-breakpoint
CREATE TABLE "identity"."service_principals" (
	"api_key_id" uuid NOT NULL,
	"org_id" uuid NOT NULL,
	"user_id" uuid NOT NULL,
	CONSTRAINT "service_principals_unique" PRIMARY KEY("api_key_id","org_id")
);
--> statement-breakpoint
ALTER TABLE "identity"."external_ids" ADD CONSTRAINT "external_ids_key_exists" FOREIGN KEY ("api_key_id") REFERENCES "identity"."api_keys"("api_key_id") ON DELETE cascade ON UPDATE no action;--> statement-breakpoint
ALTER TABLE "identity"."external_ids" ADD CONSTRAINT "external_ids_org_exists" FOREIGN KEY ("org_id") REFERENCES "identity"."orgs"("org_id") ON DELETE no action ON UPDATE no action;--> statement-breakpoint
ALTER TABLE "identity"."external_ids" ADD CONSTRAINT "external_ids_user_exists" FOREIGN KEY ("org_id","user_id") REFERENCES "identity"."users"("org_id","user_id") ON DELETE cascade ON UPDATE no action;--> statement-breakpoint
ALTER TABLE "identity"."service_principals" ADD CONSTRAINT "service_principals_key_exists" FOREIGN KEY ("api_key_id") REFERENCES "identity"."api_keys"("api_key_id") ON DELETE cascade ON UPDATE no action;--> statement-breakpoint
ALTER TABLE "identity"."service_principals" ADD CONSTRAINT "service_principals_user_exists" FOREIGN KEY ("org_id","user_id") REFERENCES "identity"."users"("org_id","user_id") ON DELETE cascade ON UPDATE no action;--> statement-breakpoint
CREATE INDEX "external_ids_key" ON "identity"."external_ids" USING btree ("api_key_id","mapping_id");--> statement-breakpoint
CREATE INDEX "external_ids_user" ON "identity"."external_ids" USING btree ("org_id","user_id");--> statement-breakpoint
CREATE INDEX "service_principals_user" ON "identity"."service_principals" USING btree ("org_id","user_id");