# Builds a disk with QEMU, and has it imported: packer init . && packer build .
packer {
  required_plugins {
    qemu = {
      source  = "github.com/hashicorp/qemu"
      version = ">= 1.1.0"
    }
  }
}

variable "cloud_image" {
  type        = string
  description = "A cloud image to begin with, as a file or a URL."
}

variable "cloud_image_checksum" {
  type        = string
  description = "Its checksum, as sha256:..."
}

variable "target" {
  type        = string
  description = "The bucket and the prefix that the function listens to, as oss://BUCKET/PREFIX/."
}

source "qemu" "web" {
  disk_image       = true
  iso_url          = var.cloud_image
  iso_checksum     = var.cloud_image_checksum
  format           = "qcow2"
  output_directory = "output"
  # Part of what is known from the name: system, version and architecture.
  vm_name      = "web-ubuntu-24.04-amd64.qcow2"
  ssh_username = "ubuntu"
}

build {
  sources = ["source.qemu.web"]

  # Credentials and REGION_ID come from the environment of Packer.
  post-processor "shell-local" {
    script = "upload.sh"
    environment_vars = [
      "IMAGE=output/web-ubuntu-24.04-amd64.qcow2",
      "TARGET=${var.target}",
      "RESULT=import.json",
    ]
  }
}
