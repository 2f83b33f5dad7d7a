"""Patients, tumours and treatments from a hospital's list: read, compared, and then done whole.

| module | does |
|---|---|
| `reading` | a file into lines of text, whatever its encoding |
| `columns`, `cells` | which column is which, and what a cell says |
| `deciding` | what the lines would create, change and leave; nothing is written |
| `loading` | exactly that, in one transaction |
| `said` | what it would change, in words |
| `corrections` | the file once more, with what is wrong beside each line |
| `uploads` | the same for a file that was given on a page and stays there for a while |

A line is a treatment; the columns of its patient and its tumour are repeated. Two lines are of the
same patient if issuer and MRN are the same; of the same tumour if topography, morphology and, so
far as it is stated, laterality are; of the same treatment if kind and date are, or without a date
kind, drugs and description. An empty cell says nothing, and changes nothing.
"""
