CREATE TABLE "storage"."closed_namespaces" (
	"org_id" uuid NOT NULL,
	"namespace" text NOT NULL,
	"until_time" timestamp with time zone,
	CONSTRAINT "closed_namespaces_key" PRIMARY KEY("org_id","namespace")
);
--> statement-breakpoint
ALTER TABLE "storage"."files" ADD COLUMN "namespace" text DEFAULT 'default' NOT NULL;--> statement-breakpoint
ALTER TABLE "storage"."releases" ADD COLUMN "namespace" text DEFAULT 'default' NOT NULL;--> statement-breakpoint
CREATE INDEX "files_namespace" ON "storage"."files" USING btree ("org_id","namespace","file_id");