# The deployment on Function Compute 3.0, as template.yml has it. Roles and rights are those
# that `image-import policy --json` prints, so that they follow your settings.
terraform {
  required_version = ">= 1.3"
  required_providers {
    alicloud = {
      source  = "aliyun/alicloud"
      version = ">= 1.252.0"
    }
  }
}

data "alicloud_regions" "current" {
  current = true
}

data "alicloud_account" "current" {}

locals {
  region  = data.alicloud_regions.current.regions[0].id
  account = data.alicloud_account.current.id
  # By who takes them on: fc, oss and ecs.aliyuncs.com.
  wanted = { for role in jsondecode(file(var.roles_file)).roles : role.trust.Statement[0].Principal.Service[0] => role }
  roles  = { for service, role in local.wanted : service => role if var.makes_ecs_role || service != "ecs.aliyuncs.com" }

  environment = merge(var.settings, {
    IMPORT_TARGET = "public"
    REGION_ID     = local.region
    KEY_PREFIX    = var.key_prefix
    LEDGER_BUCKET = var.ledger_bucket
    LEDGER_PREFIX = var.ledger_prefix
    LEASE_SECONDS = "300"
    CONVERTER     = "true"
  })

  failures = "acs:mns:${local.region}:${local.account}:/queues/${var.failure_queue}/messages"

  functions = {
    importer = {
      handler = "image_import.handler.on_object_created", cpu = 0.35, memory = 512, timeout = 120
      retries = 8, age = 86400
    }
    tracker = {
      handler = "image_import.handler.on_schedule", cpu = 0.35, memory = 512, timeout = 240
      retries = 1, age = 300
    }
    converter = {
      handler = "image_import.handler.on_conversion", cpu = 1, memory = 2048, timeout = 600
      retries = 8, age = 86400
    }
  }

  uploads = {
    importer = {
      name   = "object-created"
      bucket = var.image_bucket
      prefix = var.key_prefix
      events = [
        "oss:ObjectCreated:PutObject",
        "oss:ObjectCreated:PostObject",
        "oss:ObjectCreated:CopyObject",
        "oss:ObjectCreated:CompleteMultipartUpload",
      ]
    }
    converter = {
      name   = "job-created"
      bucket = alicloud_oss_bucket.ledger.bucket
      prefix = "${var.ledger_prefix}jobs/"
      events = ["oss:ObjectCreated:PutObject"]
    }
  }
}

resource "alicloud_oss_bucket" "ledger" {
  bucket = var.ledger_bucket

  # Without it, whatever is delivered again is new.
  lifecycle {
    prevent_destroy = true
  }
}

resource "alicloud_log_project" "this" {
  project_name = var.log_project
}

resource "alicloud_log_store" "functions" {
  project_name     = alicloud_log_project.this.project_name
  logstore_name    = var.log_store
  retention_period = var.log_days
  shard_count      = 1
}

resource "alicloud_log_store_index" "functions" {
  project  = alicloud_log_project.this.project_name
  logstore = alicloud_log_store.functions.logstore_name
  full_text {}
}

resource "alicloud_message_service_queue" "failures" {
  queue_name               = var.failure_queue
  message_retention_period = 604800
}

resource "alicloud_ram_role" "this" {
  for_each                    = local.roles
  role_name                   = each.value.name
  description                 = "image-import, ${each.value.purpose}"
  assume_role_policy_document = jsonencode(each.value.trust)
}

resource "alicloud_ram_policy" "this" {
  for_each        = local.roles
  policy_name     = each.value.policy_name
  policy_document = jsonencode(each.value.policy)
}

resource "alicloud_ram_role_policy_attachment" "this" {
  for_each    = local.roles
  role_name   = alicloud_ram_role.this[each.key].role_name
  policy_name = alicloud_ram_policy.this[each.key].policy_name
  policy_type = "Custom"
}

resource "alicloud_fcv3_function" "this" {
  for_each              = local.functions
  function_name         = "${var.name}-${each.key}"
  handler               = each.value.handler
  runtime               = var.runtime
  role                  = alicloud_ram_role.this["fc.aliyuncs.com"].arn
  cpu                   = each.value.cpu
  memory_size           = each.value.memory
  disk_size             = 512
  timeout               = each.value.timeout
  internet_access       = true
  environment_variables = local.environment

  code {
    oss_bucket_name = var.code_bucket
    oss_object_name = var.code_key
  }

  instance_lifecycle_config {
    initializer {
      handler = "image_import.handler.initialize"
      timeout = 30
    }
  }

  log_config {
    project                 = alicloud_log_project.this.project_name
    logstore                = alicloud_log_store.functions.logstore_name
    enable_request_metrics  = true
    enable_instance_metrics = true
    log_begin_rule          = "None"
  }

  depends_on = [alicloud_ram_role_policy_attachment.this]
}

resource "alicloud_fcv3_async_invoke_config" "this" {
  for_each                       = local.functions
  function_name                  = alicloud_fcv3_function.this[each.key].function_name
  max_async_retry_attempts       = each.value.retries
  max_async_event_age_in_seconds = each.value.age
  async_task                     = false

  destination_config {
    on_failure {
      destination = local.failures
    }
  }

  depends_on = [alicloud_message_service_queue.failures]
}

# After the settings for events, so that none comes before them.
resource "alicloud_fcv3_trigger" "uploads" {
  for_each        = local.uploads
  function_name   = alicloud_fcv3_function.this[each.key].function_name
  trigger_name    = each.value.name
  trigger_type    = "oss"
  qualifier       = "LATEST"
  source_arn      = "acs:oss:${local.region}:${local.account}:${each.value.bucket}"
  invocation_role = alicloud_ram_role.this["oss.aliyuncs.com"].arn

  trigger_config = jsonencode({
    events = each.value.events
    filter = { key = { prefix = each.value.prefix, suffix = "" } }
  })

  depends_on = [alicloud_fcv3_async_invoke_config.this]
}

resource "alicloud_fcv3_trigger" "schedule" {
  function_name  = alicloud_fcv3_function.this["tracker"].function_name
  trigger_name   = "schedule"
  trigger_type   = "timer"
  qualifier      = "LATEST"
  trigger_config = jsonencode({ cronExpression = var.tracker_schedule, enable = true })
  depends_on     = [alicloud_fcv3_async_invoke_config.this]
}
