resource "google_cloud_run_v2_job" "run" {
  name                = "candlelake"
  location            = var.job_region
  deletion_protection = false

  template {
    task_count = 1

    template {
      service_account = google_service_account.job.email
      # Longer than the job's own limit: what it has finished goes to the bucket after that.
      timeout = "${(var.max_runtime_minutes + 10) * 60}s"
      # The next hour is the next try, and it goes on where this one stopped.
      max_retries           = 0
      execution_environment = "EXECUTION_ENVIRONMENT_GEN2"

      containers {
        image = var.image
        args = [
          "run",
          "--config", "/config/candlelake.config.json",
          "--location", var.data_location,
          "--max-runtime", "${var.max_runtime_minutes}m",
        ]

        env {
          name  = "CANDLELAKE_BUCKET"
          value = google_storage_bucket.lake.name
        }
        env {
          name  = "CANDLELAKE_WAREHOUSE"
          value = "bigquery:${var.project}.${google_bigquery_dataset.raw.dataset_id}"
        }
        env {
          name  = "GOOGLE_CLOUD_PROJECT"
          value = var.project
        }

        resources {
          limits = {
            cpu    = var.cpu
            memory = var.memory
          }
        }

        volume_mounts {
          name       = "config"
          mount_path = "/config"
        }
      }

      volumes {
        name = "config"
        gcs {
          bucket    = google_storage_bucket.lake.name
          read_only = true
        }
      }
    }
  }

  depends_on = [
    google_project_service.needed,
    google_storage_bucket_object.config,
    google_storage_bucket_iam_member.objects,
    google_storage_bucket_iam_member.bucket,
    google_bigquery_dataset_iam_member.raw,
    google_bigquery_dataset_iam_member.curated,
    google_project_iam_member.jobs,
  ]
}

resource "google_cloud_scheduler_job" "hourly" {
  name        = "candlelake"
  description = "Starts the candlelake job"
  region      = var.job_region
  schedule    = var.schedule
  time_zone   = "Etc/UTC"

  retry_config {
    retry_count = 1
  }

  http_target {
    http_method = "POST"
    uri         = "https://run.googleapis.com/v2/${google_cloud_run_v2_job.run.id}:run"

    oauth_token {
      service_account_email = google_service_account.scheduler.email
    }
  }
}
