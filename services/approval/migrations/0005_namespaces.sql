CREATE TABLE "approval"."closed_namespaces" (
	"org_id" uuid NOT NULL,
	"namespace" text NOT NULL,
	"until_time" timestamp with time zone,
	CONSTRAINT "closed_namespaces_key" PRIMARY KEY("org_id","namespace")
);
--> statement-breakpoint
ALTER TABLE "approval"."projects" DROP CONSTRAINT "projects_display_name_unique";--> statement-breakpoint
ALTER TABLE "approval"."projects" ADD COLUMN "namespace" text DEFAULT 'default' NOT NULL;--> statement-breakpoint
CREATE INDEX "projects_namespace" ON "approval"."projects" USING btree ("org_id","namespace","project_id");--> statement-breakpoint
ALTER TABLE "approval"."projects" ADD CONSTRAINT "projects_display_name_unique" UNIQUE("org_id","namespace","display_name");