# The job's last line says whether all is well; the alert reads it.
resource "google_monitoring_alert_policy" "incomplete" {
  count                 = length(var.alert_channels) > 0 ? 1 : 0
  display_name          = "candlelake: a run is incomplete"
  combiner              = "OR"
  notification_channels = var.alert_channels

  conditions {
    display_name = "summary with ok = false"
    condition_matched_log {
      filter = join(" AND ", [
        "resource.type=\"cloud_run_job\"",
        "resource.labels.job_name=\"${google_cloud_run_v2_job.run.name}\"",
        "jsonPayload.event=\"summary\"",
        "jsonPayload.ok=false",
      ])
      label_extractors = {
        code = "EXTRACT(jsonPayload.code)"
        next = "EXTRACT(jsonPayload.next)"
      }
    }
  }

  alert_strategy {
    auto_close = "86400s"
    notification_rate_limit {
      period = "21600s"
    }
  }

  documentation {
    content   = "Code $${log.extracted_label.code}; next: $${log.extracted_label.next}"
    mime_type = "text/markdown"
  }
}

# A run that was killed, or never started, writes no last line: then nothing succeeds.
resource "google_monitoring_alert_policy" "silent" {
  count                 = length(var.alert_channels) > 0 ? 1 : 0
  display_name          = "candlelake: no run has succeeded for three hours"
  combiner              = "OR"
  notification_channels = var.alert_channels

  conditions {
    display_name = "no successful execution"
    condition_absent {
      filter = join(" AND ", [
        "resource.type=\"cloud_run_job\"",
        "resource.labels.job_name=\"${google_cloud_run_v2_job.run.name}\"",
        "metric.type=\"run.googleapis.com/job/completed_execution_count\"",
        "metric.labels.result=\"succeeded\"",
      ])
      duration = "10800s"
      aggregations {
        alignment_period   = "300s"
        per_series_aligner = "ALIGN_DELTA"
      }
    }
  }
}
