"""Registered AWS roles and users (section 16): assumed, validated, and their access keys rotated.

- `service.AwsCredentials`: `assume_deployment_role`, `validate_credentials`; `rotations`: `rotate_access_keys`.
- `identities`: what is registered, and who may. `sessions`: assumed roles, shared by processes.
- `rotations`: how one is started, cancelled, retried; `rotating`: its steps, driven by a job.
- `calls.Aws`: STS and IAM through the official SDK; `failures`: what AWS refuses, in our words.
"""
