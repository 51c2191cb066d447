"""What ended goes out as OpenTelemetry spans and metrics, read from the tables: the engine waits for nobody."""
