"""What any storage needs to remember runs; the storages themselves only hold rows."""
