CREATE TABLE "identity"."external_identities" (
	"issuer" text NOT NULL,
	"subject" text NOT NULL,
	"org_id" uuid NOT NULL,
	"user_id" uuid NOT NULL,
	"ruled_groups" text[] DEFAULT '{}' NOT NULL,
	"create_time" timestamp with time zone DEFAULT now() NOT NULL,
	"sign_in_time" timestamp with time zone DEFAULT now() NOT NULL,
	CONSTRAINT "external_identities_subject_unique" PRIMARY KEY("issuer","subject","org_id"),
	CONSTRAINT "external_identities_user_unique" UNIQUE("user_id","issuer")
);
--> statement-breakpoint
ALTER TABLE "identity"."logins" ADD COLUMN "end_time" timestamp with time zone;--> statement-breakpoint
ALTER TABLE "identity"."external_identities" ADD CONSTRAINT "external_identities_user_exists" FOREIGN KEY ("org_id","user_id") REFERENCES "identity"."users"("org_id","user_id") ON DELETE cascade ON UPDATE no action;