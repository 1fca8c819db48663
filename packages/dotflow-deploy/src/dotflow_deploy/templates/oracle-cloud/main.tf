@@include shared/terraform.tf@@

# The credentials are those of ~/.oci/config.
@@include shared/region.tf@@

variable "compartment_id" {
  description = "OCID of the compartment that everything is made in."
  type        = string
}

@@include shared/ssh_key.tf@@

variable "ssh_from" {
  description = "Network that may log in."
  type        = string
  default     = "0.0.0.0/0"
}

variable "shape" {
  description = "Size of the machine; this one is always free."
  type        = string
  default     = "VM.Standard.E2.1.Micro"
}

data "oci_identity_availability_domains" "all" {
  compartment_id = var.compartment_id
}

data "oci_core_images" "ubuntu" {
  compartment_id           = var.compartment_id
  operating_system         = "Canonical Ubuntu"
  operating_system_version = "24.04"
  shape                    = var.shape
  sort_by                  = "TIMECREATED"
  sort_order               = "DESC"
}

resource "oci_core_vcn" "workflow" {
  compartment_id = var.compartment_id
  display_name   = @@"name"@@
  cidr_blocks    = ["10.0.0.0/16"]
}

resource "oci_core_internet_gateway" "workflow" {
  compartment_id = var.compartment_id
  vcn_id         = oci_core_vcn.workflow.id
  display_name   = @@"name"@@
}

resource "oci_core_route_table" "workflow" {
  compartment_id = var.compartment_id
  vcn_id         = oci_core_vcn.workflow.id
  display_name   = @@"name"@@

  route_rules {
    destination       = "0.0.0.0/0"
    network_entity_id = oci_core_internet_gateway.workflow.id
  }
}

resource "oci_core_security_list" "workflow" {
  compartment_id = var.compartment_id
  vcn_id         = oci_core_vcn.workflow.id
  display_name   = @@"name"@@

  egress_security_rules {
    destination = "0.0.0.0/0"
    protocol    = "all"
  }

  ingress_security_rules {
    source   = var.ssh_from
    protocol = "6"

    tcp_options {
      min = 22
      max = 22
    }
  }
}

resource "oci_core_subnet" "workflow" {
  compartment_id    = var.compartment_id
  vcn_id            = oci_core_vcn.workflow.id
  display_name      = @@"name"@@
  cidr_block        = "10.0.0.0/24"
  route_table_id    = oci_core_route_table.workflow.id
  security_list_ids = [oci_core_security_list.workflow.id]
}

resource "oci_core_instance" "workflow" {
  compartment_id      = var.compartment_id
  availability_domain = data.oci_identity_availability_domains.all.availability_domains[0].name
  display_name        = @@"name"@@
  shape               = var.shape

  source_details {
    source_type = "image"
    source_id   = data.oci_core_images.ubuntu.images[0].id
  }

  create_vnic_details {
    subnet_id        = oci_core_subnet.workflow.id
    assign_public_ip = true
  }

  metadata = {
    ssh_authorized_keys = trimspace(file(pathexpand(var.ssh_key)))
    user_data           = filebase64("${path.module}/cloud-init.yaml")
  }

  lifecycle {
    # A newer image is no reason to make the machine anew.
    ignore_changes = [source_details]
  }
}

output "address" {
  value = oci_core_instance.workflow.public_ip
}
