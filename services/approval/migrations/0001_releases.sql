CREATE TABLE "approval"."chains" (
	"org_id" uuid PRIMARY KEY NOT NULL,
	"sequence" bigint NOT NULL,
	"head_hash" text NOT NULL
);
--> statement-breakpoint
CREATE TABLE "approval"."events" (
	"org_id" uuid NOT NULL,
	"sequence" bigint NOT NULL,
	"project_id" uuid NOT NULL,
	"type" text NOT NULL,
	"actor_user_id" uuid NOT NULL,
	"create_time" timestamp with time zone NOT NULL,
	"details_json" text NOT NULL,
	"previous_hash" text NOT NULL,
	"hash" text NOT NULL,
	CONSTRAINT "events_pk" PRIMARY KEY("org_id","sequence")
);
--> statement-breakpoint
CREATE TABLE "approval"."packaged_files" (
	"org_id" uuid NOT NULL,
	"project_id" uuid NOT NULL,
	"position" integer NOT NULL,
	"schema_name" text NOT NULL,
	"table_name" text NOT NULL,
	"file_id" uuid NOT NULL,
	"path" text NOT NULL,
	"sha256" text NOT NULL,
	"size_bytes" bigint NOT NULL,
	"row_count" bigint NOT NULL,
	CONSTRAINT "packaged_files_pk" PRIMARY KEY("project_id","position"),
	CONSTRAINT "packaged_files_path_unique" UNIQUE("project_id","path")
);
--> statement-breakpoint
CREATE TABLE "approval"."published_files" (
	"org_id" uuid NOT NULL,
	"project_id" uuid NOT NULL,
	"position" integer NOT NULL,
	"dataset_id" uuid NOT NULL,
	"file_id" uuid NOT NULL,
	"path" text NOT NULL,
	"sha256" text NOT NULL,
	"sha512" text NOT NULL,
	"size_bytes" bigint NOT NULL,
	CONSTRAINT "published_files_pk" PRIMARY KEY("project_id","position"),
	CONSTRAINT "published_files_path_unique" UNIQUE("org_id","path")
);
--> statement-breakpoint
CREATE TABLE "approval"."reviews" (
	"review_id" uuid PRIMARY KEY NOT NULL,
	"org_id" uuid NOT NULL,
	"project_id" uuid NOT NULL,
	"decision" text NOT NULL,
	"manifest_sha256" text NOT NULL,
	"reviewer_user_id" uuid NOT NULL,
	"comment" text NOT NULL,
	"create_time" timestamp with time zone DEFAULT now() NOT NULL,
	CONSTRAINT "reviews_decision_unique" UNIQUE("project_id","manifest_sha256","reviewer_user_id","decision"),
	CONSTRAINT "reviews_decision_known" CHECK (decision in ('approved', 'rejected', 'changes_requested'))
);
--> statement-breakpoint
ALTER TABLE "approval"."projects" DROP CONSTRAINT "projects_state_known";--> statement-breakpoint
ALTER TABLE "approval"."projects" ADD COLUMN "approvals_required" integer DEFAULT 1 NOT NULL;--> statement-breakpoint
ALTER TABLE "approval"."projects" ADD COLUMN "found_tables" jsonb;--> statement-breakpoint
ALTER TABLE "approval"."projects" ADD COLUMN "package_id" uuid;--> statement-breakpoint
ALTER TABLE "approval"."projects" ADD COLUMN "staging_job_id" uuid;--> statement-breakpoint
ALTER TABLE "approval"."projects" ADD COLUMN "manifest_sha256" text;--> statement-breakpoint
ALTER TABLE "approval"."projects" ADD COLUMN "submitter_user_id" uuid;--> statement-breakpoint
ALTER TABLE "approval"."projects" ADD COLUMN "release_asked" boolean DEFAULT false NOT NULL;--> statement-breakpoint
ALTER TABLE "approval"."projects" ADD COLUMN "publish_time" timestamp with time zone;--> statement-breakpoint
ALTER TABLE "approval"."projects" ADD COLUMN "lineage_recorded" boolean DEFAULT false NOT NULL;--> statement-breakpoint
ALTER TABLE "approval"."projects" ADD COLUMN "error_message" text;--> statement-breakpoint
ALTER TABLE "approval"."projects" ADD COLUMN "error_reason" text;--> statement-breakpoint
ALTER TABLE "approval"."packaged_files" ADD CONSTRAINT "packaged_files_project" FOREIGN KEY ("project_id") REFERENCES "approval"."projects"("project_id") ON DELETE cascade ON UPDATE no action;--> statement-breakpoint
ALTER TABLE "approval"."published_files" ADD CONSTRAINT "published_files_project" FOREIGN KEY ("project_id") REFERENCES "approval"."projects"("project_id") ON DELETE no action ON UPDATE no action;--> statement-breakpoint
ALTER TABLE "approval"."reviews" ADD CONSTRAINT "reviews_project" FOREIGN KEY ("project_id") REFERENCES "approval"."projects"("project_id") ON DELETE cascade ON UPDATE no action;--> statement-breakpoint
CREATE INDEX "events_of_project" ON "approval"."events" USING btree ("org_id","project_id","sequence");--> statement-breakpoint
CREATE INDEX "reviews_page" ON "approval"."reviews" USING btree ("org_id","project_id","review_id");--> statement-breakpoint
ALTER TABLE "approval"."projects" ADD CONSTRAINT "projects_approvals_required_range" CHECK (approvals_required between 1 and 10);--> statement-breakpoint
ALTER TABLE "approval"."projects" ADD CONSTRAINT "projects_found_before_packaged" CHECK (state = 'draft' or found_tables is not null);--> statement-breakpoint
ALTER TABLE "approval"."projects" ADD CONSTRAINT "projects_draft_has_no_package" CHECK (state <> 'draft' or package_id is null);--> statement-breakpoint
ALTER TABLE "approval"."projects" ADD CONSTRAINT "projects_manifest_when_packaged" CHECK (state not in ('packaged', 'in_review', 'approved', 'publishing', 'published', 'rejected', 'changes_requested') or num_nulls(package_id, staging_job_id, manifest_sha256) = 0);--> statement-breakpoint
ALTER TABLE "approval"."projects" ADD CONSTRAINT "projects_no_manifest_before" CHECK (state not in ('draft', 'validated') or manifest_sha256 is null);--> statement-breakpoint
ALTER TABLE "approval"."projects" ADD CONSTRAINT "projects_manifest_form" CHECK (manifest_sha256 ~ '^[0-9a-f]{64}$');--> statement-breakpoint
ALTER TABLE "approval"."projects" ADD CONSTRAINT "projects_submitter_in_review" CHECK (state in ('draft', 'validated', 'packaged', 'failed') or submitter_user_id is not null);--> statement-breakpoint
ALTER TABLE "approval"."projects" ADD CONSTRAINT "projects_publish_time_when_published" CHECK ((state = 'published') = (publish_time is not null));--> statement-breakpoint
ALTER TABLE "approval"."projects" ADD CONSTRAINT "projects_error_when_failed" CHECK ((state = 'failed') = (error_message is not null));--> statement-breakpoint
ALTER TABLE "approval"."projects" ADD CONSTRAINT "projects_state_known" CHECK (state in ('draft', 'validated', 'packaged', 'in_review', 'approved', 'publishing', 'published', 'rejected', 'changes_requested', 'failed'));