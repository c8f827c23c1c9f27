output "upload_to" {
  description = "Where images go."
  value       = "oss://${var.image_bucket}/${var.key_prefix}"
}

output "ledger" {
  description = "Where the ledger is kept."
  value       = "oss://${var.ledger_bucket}/${var.ledger_prefix}"
}

output "failed_events" {
  description = "Queue of the events that failed for good; see `image-import redrive`."
  value       = alicloud_message_service_queue.failures.queue_name
}
