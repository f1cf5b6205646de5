"""The other services of the sandbox: S3, IAM, STS, SSM and CloudWatch, by moto, mounted behind the server's port.

The only room that imports moto, and imported only where `sandbox` is on.
"""
