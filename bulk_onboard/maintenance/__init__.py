"""What people do to a job beside running it: delete, resolve, compare, rebuild, refresh, merge, purge."""
