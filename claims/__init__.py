"""The domain of claims in pure Python: codecs, lake, store, simulator. Imports nothing of ours but `claims`."""
