CREATE TABLE "staging"."closed_namespaces" (
	"org_id" uuid NOT NULL,
	"namespace" text NOT NULL,
	"until_time" timestamp with time zone,
	CONSTRAINT "closed_namespaces_key" PRIMARY KEY("org_id","namespace")
);
--> statement-breakpoint
ALTER TABLE "staging"."jobs" ADD COLUMN "namespace" text DEFAULT 'default' NOT NULL;--> statement-breakpoint
CREATE INDEX "jobs_namespace" ON "staging"."jobs" USING btree ("org_id","namespace","job_id");