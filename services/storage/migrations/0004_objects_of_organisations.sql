ALTER TABLE "storage"."files" DROP CONSTRAINT "files_sha256_blobs_sha256_fk";--> statement-breakpoint
DROP INDEX "storage"."files_sha256";--> statement-breakpoint
ALTER TABLE "storage"."blobs" DROP CONSTRAINT "blobs_pkey";--> statement-breakpoint
-- Content that no file uses goes to no organisation, where it is collected as before.
ALTER TABLE "storage"."blobs" ADD COLUMN "org_id" uuid DEFAULT '00000000-0000-0000-0000-000000000000' NOT NULL;--> statement-breakpoint
INSERT INTO "storage"."blobs" ("org_id", "sha256", "touch_time") SELECT DISTINCT files."org_id", blobs."sha256", blobs."touch_time" FROM "storage"."files" JOIN "storage"."blobs" ON blobs."sha256" = files."sha256";--> statement-breakpoint
DELETE FROM "storage"."blobs" WHERE "org_id" = '00000000-0000-0000-0000-000000000000' AND EXISTS (SELECT FROM "storage"."files" WHERE files."sha256" = blobs."sha256");--> statement-breakpoint
ALTER TABLE "storage"."blobs" ALTER COLUMN "org_id" DROP DEFAULT;--> statement-breakpoint
ALTER TABLE "storage"."blobs" ADD CONSTRAINT "blobs_org_id_sha256_pk" PRIMARY KEY("org_id","sha256");--> statement-breakpoint
ALTER TABLE "storage"."files" ADD CONSTRAINT "files_blob_fk" FOREIGN KEY ("org_id","sha256") REFERENCES "storage"."blobs"("org_id","sha256") ON DELETE no action ON UPDATE no action;--> statement-breakpoint
CREATE INDEX "files_sha256" ON "storage"."files" USING btree ("org_id","sha256");
