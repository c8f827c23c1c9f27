variable "name" {
  type        = string
  default     = "image-import"
  description = "What the functions' names begin with; --service of `image-import policy`."
}

variable "image_bucket" {
  type        = string
  description = "Bucket that images are uploaded to; it exists, in the provider's region."
}

variable "key_prefix" {
  type        = string
  default     = "incoming/"
  description = "Only objects under this prefix are imported."
}

variable "ledger_bucket" {
  type        = string
  description = "Bucket of the ledger; made. Not that of the images, so that nobody who uploads can write there."

  validation {
    condition     = can(regex("^[a-z0-9][a-z0-9-]{1,61}[a-z0-9]$", var.ledger_bucket))
    error_message = "A bucket has 3 to 63 lower-case letters, digits and hyphens."
  }
}

variable "ledger_prefix" {
  type        = string
  default     = ".image-import/"
  description = "Folder of the ledger in its bucket."
}

variable "code_bucket" {
  type        = string
  description = "Bucket in the provider's region that the zip of `image-import package` was put into."
}

variable "code_key" {
  type        = string
  description = "Object key of that zip. Put each version under a key of its own, or an update sees no change."
}

variable "runtime" {
  type        = string
  default     = "python3.10"
  description = "What the zip was packaged for: python3.10 or python3.12."
}

variable "roles_file" {
  type        = string
  description = "What `image-import policy --json` printed for these buckets, this region and account."
}

variable "makes_ecs_role" {
  type        = bool
  default     = true
  description = "Whether AliyunECSImageImportDefaultRole is made, of which an account has one."
}

variable "log_project" {
  type        = string
  description = "Project of Simple Log Service; made, and its name is unique among all accounts."
}

variable "log_store" {
  type        = string
  default     = "functions"
  description = "Logstore of that project; made."
}

variable "log_days" {
  type        = number
  default     = 90
  description = "How many days it keeps what is logged."
}

variable "failure_queue" {
  type        = string
  default     = "image-import-failures"
  description = "Queue for events that failed for good; made."
}

variable "tracker_schedule" {
  type        = string
  default     = "@every 5m"
  description = "When imports under way are looked after; at least once an hour."
}

variable "settings" {
  type        = map(string)
  default     = {}
  description = "Further settings of the functions, as in docs/reference/settings.md. Some take rights: give them to `image-import policy` as well."
}
