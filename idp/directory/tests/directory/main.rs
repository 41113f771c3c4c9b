//! The directories as their users see them: against a scripted LDAP server that misbehaves as asked, a
//! scripted DNS server, and an LDIF text. What a real controller does is tested against one, end to end.

mod binds;
mod discovery;
mod embedded;
mod failover;
mod fake;
mod hostile;
mod names;
mod pki;
mod query;
mod tls;
