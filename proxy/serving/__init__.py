"""The process that serves: `app` puts the chain together, `service` runs it, `reload` reads its files again."""
