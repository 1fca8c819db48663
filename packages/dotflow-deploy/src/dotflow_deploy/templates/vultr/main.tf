@@include shared/terraform.tf@@

# The key comes from the environment: VULTR_API_KEY.
@@include shared/region.tf@@

@@include shared/ssh_key.tf@@

variable "ssh_from" {
  description = "Address of the network that may log in, and its size in bits."
  type        = object({ subnet = string, size = number })
  default     = { subnet = "0.0.0.0", size = 0 }
}

data "vultr_os" "debian" {
  filter {
    name   = "name"
    values = ["Debian 12 x64 (bookworm)"]
  }
}

resource "vultr_ssh_key" "workflow" {
  name    = @@"name"@@
  ssh_key = trimspace(file(pathexpand(var.ssh_key)))
}

resource "vultr_firewall_group" "workflow" {
  description = @@"name"@@
}

resource "vultr_firewall_rule" "ssh" {
  firewall_group_id = vultr_firewall_group.workflow.id
  protocol          = "tcp"
  ip_type           = "v4"
  subnet            = var.ssh_from.subnet
  subnet_size       = var.ssh_from.size
  port              = "22"
}

resource "vultr_instance" "workflow" {
  label             = @@"name"@@
  hostname          = @@"name"@@
  region            = var.region
  plan              = "vc2-1c-1gb"
  os_id             = data.vultr_os.debian.id
  ssh_key_ids       = [vultr_ssh_key.workflow.id]
  firewall_group_id = vultr_firewall_group.workflow.id
  user_data         = file("${path.module}/cloud-init.yaml")
  backups           = "disabled"
  activation_email  = false
}

output "address" {
  value = vultr_instance.workflow.main_ip
}
