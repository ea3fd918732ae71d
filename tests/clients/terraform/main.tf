# What the Terraform provider for CDAP makes, at the API that Sluice serves in CDAP's place.
terraform {
  required_providers {
    cdap = { source = "GoogleCloudPlatform/cdap" }
  }
}

variable "url" { type = string }

variable "token" {
  type      = string
  sensitive = true
}

provider "cdap" {
  host  = var.url
  token = var.token
}

resource "cdap_namespace" "sales" {
  name = "terraform"
}

resource "cdap_namespace_preferences" "sales" {
  namespace   = cdap_namespace.sales.name
  preferences = { region = "emea", retries = "3" }
}
