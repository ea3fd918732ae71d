CREATE TABLE "storage"."cold_blobs" (
	"org_id" uuid NOT NULL,
	"sha256" text NOT NULL,
	"cold_sha256" text,
	"stored_bytes" bigint NOT NULL,
	"cool_time" timestamp with time zone DEFAULT now() NOT NULL,
	"is_moving" boolean NOT NULL,
	CONSTRAINT "cold_blobs_key" PRIMARY KEY("org_id","sha256")
);
--> statement-breakpoint
CREATE TABLE "storage"."file_holds" (
	"file_id" uuid PRIMARY KEY NOT NULL,
	"org_id" uuid NOT NULL,
	"reason" text NOT NULL,
	"creator_user_id" uuid NOT NULL,
	"create_time" timestamp with time zone DEFAULT now() NOT NULL
);
--> statement-breakpoint
CREATE TABLE "storage"."lifecycle_rules" (
	"org_id" uuid NOT NULL,
	"namespace" text DEFAULT 'default' NOT NULL,
	"rules" jsonb NOT NULL,
	"update_time" timestamp with time zone DEFAULT now() NOT NULL,
	"revision" integer DEFAULT 1 NOT NULL,
	CONSTRAINT "lifecycle_rules_key" PRIMARY KEY("org_id","namespace")
);
--> statement-breakpoint
ALTER TABLE "storage"."files" ADD COLUMN "last_read_time" timestamp with time zone;--> statement-breakpoint
ALTER TABLE "storage"."cold_blobs" ADD CONSTRAINT "cold_blobs_blob_fk" FOREIGN KEY ("org_id","sha256") REFERENCES "storage"."blobs"("org_id","sha256") ON DELETE cascade ON UPDATE no action;--> statement-breakpoint
ALTER TABLE "storage"."cold_blobs" ADD CONSTRAINT "cold_blobs_cold_fk" FOREIGN KEY ("org_id","cold_sha256") REFERENCES "storage"."blobs"("org_id","sha256") ON DELETE no action ON UPDATE no action;--> statement-breakpoint
ALTER TABLE "storage"."file_holds" ADD CONSTRAINT "file_holds_file_fk" FOREIGN KEY ("file_id") REFERENCES "storage"."files"("file_id") ON DELETE no action ON UPDATE no action;--> statement-breakpoint
CREATE INDEX "cold_blobs_cold_sha256" ON "storage"."cold_blobs" USING btree ("org_id","cold_sha256");--> statement-breakpoint
CREATE INDEX "cold_blobs_moving" ON "storage"."cold_blobs" USING btree ("org_id") WHERE is_moving;--> statement-breakpoint
CREATE INDEX "file_holds_org_id" ON "storage"."file_holds" USING btree ("org_id");