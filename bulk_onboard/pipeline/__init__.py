"""One run of a job, from its first check of the workbook to its report."""
