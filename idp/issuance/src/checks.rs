//! What stands between the rules' output and a token. A check only refuses.

mod context;
mod evidence;
mod identity;
mod issuer;
mod request;
mod subject;
mod text;

pub(crate) use context::context_class;
pub use context::{demanded_classes, restricts, satisfies_demand};
pub use evidence::{RefusedBecause, RefusedClaim};
pub(crate) use evidence::{StatedByService, check_evidence_claims};
pub(crate) use identity::{ANCHOR_RULE, Anchors, check_identity_claims, is_entra};
pub(crate) use issuer::decide_issuer;
pub(crate) use request::{check_account, check_request};
pub(crate) use subject::{SubjectRequest, decide_subject};
pub(crate) use text::leave_out_unwritable;
