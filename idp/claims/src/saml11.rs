//! Claim types in SAML 1.1: an attribute there has a namespace and a name.

use std::fmt;

use signet_model::{Culprit, MessagePair};

/// A claim type without a namespace: a SAML 1.1 token cannot carry it (`ID4216`).
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub struct NoNamespace {
    /// The claim type.
    pub claim_type: String,
}

/// `AttributeNamespace` and `AttributeName` for a claim type: what stands before and after its last slash.
///
/// Source: SAML 1.1 core, 2.4.4; `ID4216` as AD FS reports a type that is not `namespace/name`.
pub fn split_claim_type(claim_type: &str) -> Result<(&str, &str), NoNamespace> {
    match claim_type.rsplit_once('/') {
        Some((namespace, name)) if !namespace.is_empty() && !name.is_empty() => {
            Ok((namespace, name))
        }
        _ => Err(NoNamespace {
            claim_type: claim_type.to_owned(),
        }),
    }
}

impl NoNamespace {
    /// The two faces of this error.
    pub fn message(&self) -> MessagePair {
        MessagePair {
            code: "SIG-CLAIMS-TYPE-NAMESPACE",
            culprit: Culprit::Operator,
            public: "The claim rules of this application make a claim that its token cannot carry.",
            hint: "Ask your administrator to correct the rules.",
            private: self.to_string(),
        }
    }
}

impl fmt::Display for NoNamespace {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(
            f,
            "ID4216: a SAML 1.1 token needs claim types of the form namespace/name, `{}` is not",
            self.claim_type
        )
    }
}

impl std::error::Error for NoNamespace {}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_type_is_split_at_its_last_slash() {
        let upn = "http://schemas.xmlsoap.org/claims/UPN";
        assert_eq!(
            split_claim_type(upn),
            Ok(("http://schemas.xmlsoap.org/claims", "UPN"))
        );
        assert_eq!(split_claim_type("a/b"), Ok(("a", "b")));
        for refused in ["mail", "urn:oid:1.2", "", "/", "/a", "a/"] {
            let error = split_claim_type(refused).unwrap_err();
            assert!(error.to_string().starts_with("ID4216"), "{refused}");
        }
    }
}
