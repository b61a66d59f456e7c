"""Exhibits that cannot change unseen: digests, clocks, time stamps, the chain of custody, and the case file.

Pure of Django. Time stamps and WARC need the extra ``evidence``; checking the rest of a case file needs nothing.
"""
