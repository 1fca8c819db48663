@@include shared/terraform.tf@@

# From the environment: PROXMOX_VE_ENDPOINT and PROXMOX_VE_API_TOKEN.
provider "proxmox" {
  # A snippet can be uploaded over SSH only.
  ssh {
    agent    = true
    username = "root"
  }
}

variable "node" {
  description = "Name of the Proxmox node."
  type        = string
  default     = "pve"
}

variable "files" {
  description = "Datastore for images and snippets; both have to be allowed in it."
  type        = string
  default     = "local"
}

variable "disks" {
  description = "Datastore for the machine's disk."
  type        = string
  default     = "local-lvm"
}

variable "bridge" {
  description = "The network's bridge; it has to have a DHCP server."
  type        = string
  default     = "vmbr0"
}

@@include shared/ssh_key.tf@@

resource "proxmox_virtual_environment_download_file" "debian" {
  content_type = "iso"
  datastore_id = var.files
  node_name    = var.node
  url          = "https://cloud.debian.org/images/cloud/bookworm/latest/debian-12-genericcloud-amd64.qcow2"
  file_name    = "debian-12-genericcloud-amd64.img"
  overwrite    = false
}

resource "proxmox_virtual_environment_file" "cloud_init" {
  content_type = "snippets"
  datastore_id = var.files
  node_name    = var.node

  source_raw {
    file_name = "@@name@@-cloud-init.yaml"
    data = join("\n", [
      trimspace(file("${path.module}/cloud-init.yaml")),
      "hostname: @@name@@",
      "ssh_authorized_keys:",
      "  - ${trimspace(file(pathexpand(var.ssh_key)))}",
      "",
    ])
  }
}

resource "proxmox_virtual_environment_vm" "workflow" {
  name      = @@"name"@@
  node_name = var.node

  agent {
    enabled = true
  }

  cpu {
    cores = 1
    type  = "x86-64-v2-AES"
  }

  memory {
    dedicated = 1024
  }

  disk {
    datastore_id = var.disks
    file_id      = proxmox_virtual_environment_download_file.debian.id
    interface    = "virtio0"
    size         = 16
  }

  network_device {
    bridge = var.bridge
  }

  initialization {
    datastore_id      = var.disks
    user_data_file_id = proxmox_virtual_environment_file.cloud_init.id

    ip_config {
      ipv4 {
        address = "dhcp"
      }
    }
  }

  operating_system {
    type = "l26"
  }

  # Without a serial device the kernel of a cloud image does not boot.
  serial_device {}
}

output "address" {
  # The first is the loopback interface.
  value = proxmox_virtual_environment_vm.workflow.ipv4_addresses[1][0]
}
