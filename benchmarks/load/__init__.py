"""A day's work under load, and what the faults of a data centre make of it.

`python -m benchmarks.load` starts the product's own processes on servers of its own, lets people
work in it by HTTP and scanners by DICOM, kills or starves what is asked for, and then holds what
each of them was told against what stands in the database, the audit and the letters that came.

Nobody waits as long as people do: a page every 8 seconds, where a nurse at work opens one in about
40, so that a minute here is five of a day.
"""
