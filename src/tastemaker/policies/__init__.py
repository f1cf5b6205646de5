"""The language of AWS policies, as far as Personalize's own walk-through needs it: read, evaluate, correct.

A bucket policy says who may read and write a bucket, a trust policy who may assume a role. Nothing here reads a file.
"""
