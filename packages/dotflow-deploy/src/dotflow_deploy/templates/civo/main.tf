# A small Kubernetes cluster; the job that runs the workflow is in job.yaml.
@@include shared/terraform.tf@@

# The token comes from the environment: CIVO_TOKEN.
@@include shared/region.tf@@

variable "api_from" {
  description = "Networks that reach the cluster's API, such as [\"203.0.113.7/32\"]."
  type        = list(string)
}

resource "civo_network" "workflow" {
  label = @@"name"@@
}

resource "civo_firewall" "workflow" {
  name                 = @@"name"@@
  network_id           = civo_network.workflow.id
  create_default_rules = false

  ingress_rule {
    label      = "kubernetes"
    protocol   = "tcp"
    port_range = "6443"
    cidr       = var.api_from
    action     = "allow"
  }

  egress_rule {
    label      = "all"
    protocol   = "tcp"
    port_range = "1-65535"
    cidr       = ["0.0.0.0/0"]
    action     = "allow"
  }

  egress_rule {
    label      = "names"
    protocol   = "udp"
    port_range = "1-65535"
    cidr       = ["0.0.0.0/0"]
    action     = "allow"
  }
}

resource "civo_kubernetes_cluster" "workflow" {
  name             = @@"name"@@
  network_id       = civo_network.workflow.id
  firewall_id      = civo_firewall.workflow.id
  cluster_type     = "k3s"
  write_kubeconfig = true

  pools {
    label      = "workers"
    size       = "g4s.kube.xsmall"
    node_count = 1
  }
}

output "kubeconfig" {
  value     = civo_kubernetes_cluster.workflow.kubeconfig
  sensitive = true
}
