//! The small text forms of LDAP: filters, distinguished names, file times.

pub(crate) mod dn;
pub(crate) mod file_time;
pub(crate) mod filter;
