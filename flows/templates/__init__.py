"""The language of templates and guards: Jinja2, closed and compiled. Imports `document`."""
