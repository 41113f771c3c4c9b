//! How large a rule set may be. Far above what published exports hold, far below what hurts.

pub(super) const TEXT_OCTETS: usize = 1024 * 1024;
pub(super) const RULES: usize = 2_000;
pub(super) const ANNOTATIONS: usize = 16;
pub(super) const CONDITIONS: usize = 32;
pub(super) const CONSTRAINTS: usize = 32;
pub(super) const PARTS: usize = 64;
pub(super) const PARAMS: usize = 64;
pub(super) const TYPES: usize = 128;
pub(super) const FUNCTION_DEPTH: usize = 16;
