variable "image" {
  description = "The image, in a registry that the clients read."
  type        = string
  default     = "@@name@@:latest"
}

job @@"name"@@ {
  type = "batch"

@@if schedule@@
  periodic {
    crons            = [@@"schedule"@@]
    time_zone        = "UTC"
    prohibit_overlap = true
  }

@@else@@
  # Registered only: each `nomad job dispatch` is a run.
  parameterized {}

@@end@@
  group "workflow" {
    # The workflow has its own retries; a run that failed is not begun anew.
    restart {
      attempts = 0
      mode     = "fail"
    }

    reschedule {
      attempts  = 0
      unlimited = false
    }

    task "workflow" {
      driver       = "docker"
      kill_timeout = "60s"

      config {
        image    = var.image
        init     = true
        cap_drop = ["all"]
      }

      env {
        DOTFLOW_OUTPUT_PATH = "${NOMAD_ALLOC_DIR}/data"
      }

      # Secrets: nomad var put nomad/jobs/@@name@@ TOKEN=...
      template {
        destination = "${NOMAD_SECRETS_DIR}/env"
        env         = true
        data        = <<-EOT
          {{ if nomadVarExists "nomad/jobs/@@name@@" }}{{ with nomadVar "nomad/jobs/@@name@@" }}{{ range .Tuples }}
          {{ .K }}={{ .V | toJSON }}
          {{ end }}{{ end }}{{ end }}
        EOT
      }

      resources {
        cpu    = 500
        memory = 512
      }
    }
  }
}
