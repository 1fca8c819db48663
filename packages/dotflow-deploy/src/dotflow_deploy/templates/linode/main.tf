@@include shared/terraform.tf@@

# The token comes from the environment: LINODE_TOKEN.
@@include shared/region.tf@@

@@include shared/ssh_key.tf@@

variable "ssh_from" {
  description = "Networks that may log in."
  type        = list(string)
  default     = ["0.0.0.0/0"]
}

resource "linode_firewall" "workflow" {
  label           = @@"label"@@
  inbound_policy  = "DROP"
  outbound_policy = "ACCEPT"

  inbound {
    label    = "ssh"
    action   = "ACCEPT"
    protocol = "TCP"
    ports    = "22"
    ipv4     = var.ssh_from
  }
}

resource "linode_instance" "workflow" {
  label           = @@"label"@@
  region          = var.region
  type            = "g6-nanode-1"
  image           = "linode/debian12"
  authorized_keys = [trimspace(file(pathexpand(var.ssh_key)))]
  firewall_id     = linode_firewall.workflow.id

  metadata {
    user_data = filebase64("${path.module}/cloud-init.yaml")
  }
}

output "address" {
  value = tolist(linode_instance.workflow.ipv4)[0]
}
