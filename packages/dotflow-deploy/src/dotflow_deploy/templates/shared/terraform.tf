terraform {
  required_version = ">= 1.5"
  required_providers {
    @@provider@@ = {
      source  = @@"source"@@
      version = @@"provider_version"@@
    }
  }
}
