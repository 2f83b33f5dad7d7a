"""What every part of the API stands on: tokens, problems, requests sent twice, its description.

It knows nothing of patients; each app's own `api` says what there is to ask for.
"""
