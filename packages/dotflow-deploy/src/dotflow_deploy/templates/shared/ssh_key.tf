variable "ssh_key" {
  description = "File of the public key that may log in."
  type        = string
  default     = "~/.ssh/id_ed25519.pub"
}
