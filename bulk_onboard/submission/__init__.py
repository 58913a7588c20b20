"""Plan → calls → entries: paced, journaled, retried; nothing is sent twice."""
