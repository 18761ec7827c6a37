"""Codecs between what the outside world sends and the Arrow tables of `claims.schema`.

Belongs here: one sub-package or module per format, bytes to tables and back. Does not belong here: files on disk,
the lake, the identity split, anything that knows which tenant a file was received for.
"""
