variable "region" {
  type    = string
  default = @@"region"@@
}
