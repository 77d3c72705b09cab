# What the job runs as. It has no key, and no right outside the bucket, the two datasets and its own queries and loads.
resource "google_service_account" "job" {
  account_id   = "candlelake-job"
  display_name = "candlelake: fetches, uploads, loads"

  depends_on = [google_project_service.needed]
}

# Objects: read, list, write and replace.
resource "google_storage_bucket_iam_member" "objects" {
  bucket = google_storage_bucket.lake.name
  role   = "roles/storage.objectUser"
  member = google_service_account.job.member
}

# The bucket's own record (storage.buckets.get): its location, which load jobs ask for too.
resource "google_storage_bucket_iam_member" "bucket" {
  bucket = google_storage_bucket.lake.name
  role   = "roles/storage.legacyBucketReader"
  member = google_service_account.job.member
}

# Tables of these two datasets, and of no other.
resource "google_bigquery_dataset_iam_member" "raw" {
  dataset_id = google_bigquery_dataset.raw.dataset_id
  role       = "roles/bigquery.dataEditor"
  member     = google_service_account.job.member
}

resource "google_bigquery_dataset_iam_member" "curated" {
  dataset_id = google_bigquery_dataset.curated.dataset_id
  role       = "roles/bigquery.dataEditor"
  member     = google_service_account.job.member
}

# To start load jobs and queries, which a project gives or nobody.
resource "google_project_iam_member" "jobs" {
  project = var.project
  role    = "roles/bigquery.jobUser"
  member  = google_service_account.job.member
}

# What the scheduler calls as: it may start this one job, and nothing else.
resource "google_service_account" "scheduler" {
  account_id   = "candlelake-scheduler"
  display_name = "candlelake: starts the job"

  depends_on = [google_project_service.needed]
}

resource "google_cloud_run_v2_job_iam_member" "start" {
  name     = google_cloud_run_v2_job.run.name
  location = google_cloud_run_v2_job.run.location
  role     = "roles/run.invoker"
  member   = google_service_account.scheduler.member
}
