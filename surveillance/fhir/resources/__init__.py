"""What each row says as a FHIR resource: pure functions from a row to JSON, a family a module.

They speak English, whoever asks: what a program reads does not depend on a person's language.
"""
