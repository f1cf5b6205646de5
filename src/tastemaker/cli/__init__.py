"""The verbs that people type; each is a client of the API, or a thin start-up."""
