"""The DICOM server: its own process, and the only part that speaks DICOM's network protocol.

`listening` wires what follows together. `association` and `bounds` hold what pynetdicom leaves
unbounded, `callers` says who may call, and `worklist`, `store` and `steps` answer: each takes what
was asked, as a data set, and returns what to say, without knowing of the network.
"""
