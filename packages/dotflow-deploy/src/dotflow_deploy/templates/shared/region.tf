@@if regional@@
provider "@@provider@@" {
  region = var.region
}
@@else@@
provider "@@provider@@" {}
@@end@@

variable "region" {
  type    = string
  default = @@"region"@@
}
