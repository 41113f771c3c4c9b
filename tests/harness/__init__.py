"""What the end-to-end tests stand on: browsers, relying parties, and judges of tokens that share no code with Signet.

Tokens are verified by xmlsec1 and read by lxml; `entra` says what Entra would, `invariants` what must hold of any token.
"""
