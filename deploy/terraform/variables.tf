variable "project" {
  description = "Google Cloud project, with billing."
  type        = string

  validation {
    condition     = can(regex("^[a-z][a-z0-9-]{4,28}[a-z0-9]$", var.project))
    error_message = "A project's id has 6 to 30 lower-case letters, digits and hyphens."
  }
}

variable "bucket" {
  description = "Name of the bucket to make for the lake; the whole world shares the names."
  type        = string

  validation {
    condition     = can(regex("^[a-z0-9][a-z0-9._-]{1,61}[a-z0-9]$", var.bucket))
    error_message = "A bucket's name has 3 to 63 lower-case letters, digits, hyphens, dots and underscores, without gs://."
  }
}

variable "dataset" {
  description = "Dataset of BigQuery to make for the tables; what is derived gets one beside it, with _curated in place of _raw."
  type        = string
  default     = "btc_forecast_raw"

  validation {
    condition     = can(regex("^[A-Za-z0-9_]+$", var.dataset))
    error_message = "A dataset's name has letters, digits and underscores."
  }
}

variable "data_location" {
  description = "Where bucket and dataset lie, both in one place: a load job reads no bucket elsewhere."
  type        = string
  default     = "us-central1"

  validation {
    condition     = can(regex("^[a-z]+-[a-z]+[0-9]+$", var.data_location))
    error_message = "Write a region such as us-central1."
  }
}

variable "job_region" {
  description = "Where the job runs, which is where the venues see it. It may be another place than the data's."
  type        = string

  validation {
    condition     = can(regex("^[a-z]+-[a-z]+[0-9]+$", var.job_region))
    error_message = "Write a region such as europe-west1."
  }

  validation {
    condition = !var.asks_binance || !anytrue([
      for region in ["us-", "northamerica-northeast", "europe-west4"] : startswith(var.job_region, region)
    ])
    error_message = "Binance's REST is known to refuse the United States, Canada and the Netherlands (451). Choose another region, or set asks_binance = false if no series needs it."
  }
}

variable "asks_binance" {
  description = "Whether a series needs the REST of Binance itself: futures always do. binance.us and the archive do not count."
  type        = bool
  default     = true
}

variable "image" {
  description = "The image with its tag or digest: REGION-docker.pkg.dev/PROJECT/candlelake/candlelake:0.1.0."
  type        = string

  validation {
    condition     = can(regex("^[^ ]+/[^ ]+[:@][^ ]+$", var.image))
    error_message = "Name the image with its registry and its tag or digest."
  }
}

variable "config_file" {
  description = "The candlelake.config.json with the series that the job keeps up to date."
  type        = string
  default     = "candlelake.config.json"

  validation {
    condition     = can(jsondecode(file(var.config_file)).series[0])
    error_message = "The file is to be JSON with at least one series."
  }
}

variable "schedule" {
  description = "When to run, as cron in UTC: a few minutes after the candles have closed."
  type        = string
  default     = "7 * * * *"
}

variable "max_runtime_minutes" {
  description = "After so long the job stops cleanly, and the next one goes on. Less than lies between two runs."
  type        = number
  default     = 45

  validation {
    condition     = var.max_runtime_minutes >= 1 && var.max_runtime_minutes <= 10000 && floor(var.max_runtime_minutes) == var.max_runtime_minutes
    error_message = "Write whole minutes from 1 to 10000."
  }
}

variable "cpu" {
  description = "Virtual processors of the job."
  type        = string
  default     = "1"
}

variable "memory" {
  description = "Memory of the job. Its disk is in it: a long backfill needs more."
  type        = string
  default     = "1Gi"
}

variable "alert_channels" {
  description = "Notification channels of Cloud Monitoring (projects/P/notificationChannels/N); none: no alerts."
  type        = list(string)
  default     = []
}
