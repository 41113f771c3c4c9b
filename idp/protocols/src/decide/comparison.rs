//! Whether a performed method is what a request names.

use signet_model::request::Comparison;
use signet_model::uris::authn;
use signet_model::{Method, RequestedAuthentication};

use crate::methods::strength;

/// saml-core-2.0-os 3.3.2.2.1, over AD FS's order of strength. No name at all means any method.
///
/// A name outside the order is met only by a method that answers to it; it never counts as weaker or stronger, and
/// beside others it is passed over (facts section 3.2).
pub(super) fn meets(method: Method, wanted: &RequestedAuthentication) -> bool {
    if wanted.methods.is_empty() {
        return true;
    }
    let mut names = wanted.methods.iter().map(String::as_str);
    let ranks = || wanted.methods.iter().filter_map(|name| strength(name));
    let own = strength(method.saml2_class());
    match wanted.comparison {
        // "MUST be the exact match of at least one of the authentication contexts specified."
        Comparison::Exact => names.any(|name| method.satisfies(name)),
        // "MUST be at least as strong (as deemed by the responder) as one of the … contexts specified."
        Comparison::Minimum => {
            names.any(|name| method.satisfies(name)) || ranks().any(|rank| own >= Some(rank))
        }
        // "MUST be as strong as possible … without exceeding the strength of at least one of the … specified."
        Comparison::Maximum => {
            names.any(|name| method.satisfies(name))
                || ranks().any(|rank| own.is_some_and(|own| own <= rank))
        }
        // "MUST be stronger (as deemed by the responder) than any one of the … contexts specified", read as all.
        Comparison::Better => {
            let mut others = names.filter(|name| *name != authn::UNSPECIFIED).peekable();
            let any = others.peek().is_some();
            let strongest = ranks().max();
            // Without a rank to beat, nothing can be called better; `unspecified` alone is beaten by anything.
            if any {
                strongest.is_some_and(|rank| own > Some(rank))
            } else {
                own.is_some()
            }
        }
    }
}
