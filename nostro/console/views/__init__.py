"""One module a page: thin, each asks a read model and fills a template."""
