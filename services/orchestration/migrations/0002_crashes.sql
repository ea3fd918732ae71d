CREATE TYPE "orchestration"."crash_subject" AS ENUM('file', 'statement');--> statement-breakpoint
CREATE TABLE "orchestration"."crashes" (
	"crash_id" uuid PRIMARY KEY NOT NULL,
	"org_id" uuid NOT NULL,
	"subject" "orchestration"."crash_subject" NOT NULL,
	"fingerprint" text NOT NULL,
	"file_name" text NOT NULL,
	"file_sha256" text NOT NULL,
	"sql" text DEFAULT '' NOT NULL,
	"cause" text NOT NULL,
	"crash_count" integer DEFAULT 1 NOT NULL,
	"create_time" timestamp with time zone DEFAULT now() NOT NULL,
	"update_time" timestamp with time zone DEFAULT now() NOT NULL,
	CONSTRAINT "crashes_fingerprint" UNIQUE("org_id","subject","fingerprint"),
	CONSTRAINT "crashes_crash_count" CHECK ("orchestration"."crashes"."crash_count" >= 1)
);
--> statement-breakpoint
CREATE INDEX "crashes_org" ON "orchestration"."crashes" USING btree ("org_id","crash_id");