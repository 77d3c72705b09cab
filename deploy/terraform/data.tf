resource "google_project_service" "needed" {
  for_each = toset([
    "bigquery.googleapis.com",
    "cloudscheduler.googleapis.com",
    "iam.googleapis.com",
    "iamcredentials.googleapis.com",
    "run.googleapis.com",
    "storage.googleapis.com",
  ])

  service            = each.value
  disable_on_destroy = false
}

resource "google_storage_bucket" "lake" {
  name                        = var.bucket
  location                    = var.data_location
  uniform_bucket_level_access = true
  public_access_prevention    = "enforced"

  # The open day's objects and the month's manifests are replaced every hour. Versions would keep every one of them for
  # ever; what was replaced or deleted by mistake comes back from soft delete within a week.
  versioning {
    enabled = false
  }

  soft_delete_policy {
    retention_duration_seconds = 604800
  }

  # Uploads that were cut off.
  lifecycle_rule {
    condition {
      age = 1
    }
    action {
      type = "AbortIncompleteMultipartUpload"
    }
  }

  depends_on = [google_project_service.needed]
}

# Beside raw/, where the job reads it from a mounted volume.
resource "google_storage_bucket_object" "config" {
  bucket       = google_storage_bucket.lake.name
  name         = "candlelake.config.json"
  source       = var.config_file
  content_type = "application/json"
}

# Both datasets that `candlelake setup` asks for are made here, so that the job needs no right to make any.
resource "google_bigquery_dataset" "raw" {
  dataset_id  = var.dataset
  location    = var.data_location
  description = "Market candles, loaded by candlelake from gs://${var.bucket}"
  labels      = { app = "candlelake" }

  depends_on = [google_project_service.needed]
}

resource "google_bigquery_dataset" "curated" {
  dataset_id  = "${trimsuffix(var.dataset, "_raw")}_curated"
  location    = var.data_location
  description = "What candlelake derives from ${var.dataset}"
  labels      = { app = "candlelake" }

  depends_on = [google_project_service.needed]
}
