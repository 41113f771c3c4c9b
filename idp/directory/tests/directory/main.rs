//! The directories as their users see them: against a scripted LDAP server that misbehaves as asked, a
//! scripted DNS server, and an LDIF text. What a real controller does is tested against one, end to end.

#[cfg(test)]
mod binds;
#[cfg(test)]
mod changes;
#[cfg(test)]
mod discovery;
#[cfg(test)]
mod embedded;
#[cfg(test)]
mod failover;
#[cfg(test)]
mod fake;
#[cfg(test)]
mod hostile;
#[cfg(test)]
mod names;
#[cfg(test)]
mod pki;
#[cfg(test)]
mod query;
#[cfg(test)]
mod tls;
