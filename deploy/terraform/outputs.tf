output "bucket" {
  description = "The lake."
  value       = "gs://${google_storage_bucket.lake.name}"
}

output "warehouse" {
  description = "For CANDLELAKE_WAREHOUSE."
  value       = "bigquery:${var.project}.${google_bigquery_dataset.raw.dataset_id}"
}

output "service_account" {
  description = "What the job runs as."
  value       = google_service_account.job.email
}

output "setup" {
  description = "Makes the tables; once."
  value       = "gcloud run jobs execute ${google_cloud_run_v2_job.run.name} --project=${var.project} --region=${var.job_region} --args=setup,--location=${var.data_location} --wait"
}

output "first_run" {
  description = "Runs at once, without waiting for the hour."
  value       = "gcloud run jobs execute ${google_cloud_run_v2_job.run.name} --project=${var.project} --region=${var.job_region} --wait"
}
