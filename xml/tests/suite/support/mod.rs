//! Keys, messages and foreign tools for the tests.

pub(crate) mod foreign;
pub(crate) mod keys;
pub(crate) mod messages;
pub(crate) mod template;
