//! The names and prefixes of what is written. One prefix, one namespace.

use signet_xml::Name;

/// SAML 1.1 assertion.
pub(super) mod saml11 {
    use super::Name;

    const NS: &str = "urn:oasis:names:tc:SAML:1.0:assertion";
    const fn name(local: &'static str) -> Name {
        Name::new("saml", local, NS)
    }
    pub(in crate::signer) const ASSERTION: Name = name("Assertion");
    pub(in crate::signer) const ATTRIBUTE: Name = name("Attribute");
    pub(in crate::signer) const ATTRIBUTE_STATEMENT: Name = name("AttributeStatement");
    pub(in crate::signer) const ATTRIBUTE_VALUE: Name = name("AttributeValue");
    pub(in crate::signer) const AUDIENCE: Name = name("Audience");
    pub(in crate::signer) const AUDIENCE_RESTRICTION_CONDITION: Name =
        name("AudienceRestrictionCondition");
    pub(in crate::signer) const AUTHENTICATION_STATEMENT: Name = name("AuthenticationStatement");
    pub(in crate::signer) const CONDITIONS: Name = name("Conditions");
    pub(in crate::signer) const CONFIRMATION_METHOD: Name = name("ConfirmationMethod");
    pub(in crate::signer) const NAME_IDENTIFIER: Name = name("NameIdentifier");
    pub(in crate::signer) const SUBJECT: Name = name("Subject");
    pub(in crate::signer) const SUBJECT_CONFIRMATION: Name = name("SubjectConfirmation");
    /// Confirmation method of who bears the assertion (SAML 1.1 bindings, 4.1).
    pub(in crate::signer) const BEARER: &str = "urn:oasis:names:tc:SAML:1.0:cm:bearer";
}

/// SAML 2.0 assertion.
pub(super) mod saml20 {
    use super::Name;

    const NS: &str = "urn:oasis:names:tc:SAML:2.0:assertion";
    const fn name(local: &'static str) -> Name {
        Name::new("saml", local, NS)
    }
    pub(in crate::signer) const ASSERTION: Name = name("Assertion");
    pub(in crate::signer) const ATTRIBUTE: Name = name("Attribute");
    pub(in crate::signer) const ATTRIBUTE_STATEMENT: Name = name("AttributeStatement");
    pub(in crate::signer) const ATTRIBUTE_VALUE: Name = name("AttributeValue");
    pub(in crate::signer) const AUDIENCE: Name = name("Audience");
    pub(in crate::signer) const AUDIENCE_RESTRICTION: Name = name("AudienceRestriction");
    pub(in crate::signer) const AUTHN_CONTEXT: Name = name("AuthnContext");
    pub(in crate::signer) const AUTHN_CONTEXT_CLASS_REF: Name = name("AuthnContextClassRef");
    pub(in crate::signer) const AUTHN_STATEMENT: Name = name("AuthnStatement");
    pub(in crate::signer) const CONDITIONS: Name = name("Conditions");
    pub(in crate::signer) const ENCRYPTED_ASSERTION: Name = name("EncryptedAssertion");
    pub(in crate::signer) const ISSUER: Name = name("Issuer");
    pub(in crate::signer) const NAME_ID: Name = name("NameID");
    pub(in crate::signer) const SUBJECT: Name = name("Subject");
    pub(in crate::signer) const SUBJECT_CONFIRMATION: Name = name("SubjectConfirmation");
    pub(in crate::signer) const SUBJECT_CONFIRMATION_DATA: Name = name("SubjectConfirmationData");
    /// Confirmation method of who bears the assertion (saml-profiles-2.0-os 3.3).
    pub(in crate::signer) const BEARER: &str = "urn:oasis:names:tc:SAML:2.0:cm:bearer";
}

/// SAML 2.0 protocol messages.
pub(super) mod samlp {
    use super::Name;

    const NS: &str = "urn:oasis:names:tc:SAML:2.0:protocol";
    const fn name(local: &'static str) -> Name {
        Name::new("samlp", local, NS)
    }
    pub(in crate::signer) const LOGOUT_REQUEST: Name = name("LogoutRequest");
    pub(in crate::signer) const LOGOUT_RESPONSE: Name = name("LogoutResponse");
    pub(in crate::signer) const RESPONSE: Name = name("Response");
    pub(in crate::signer) const SESSION_INDEX: Name = name("SessionIndex");
    pub(in crate::signer) const STATUS: Name = name("Status");
    pub(in crate::signer) const STATUS_CODE: Name = name("StatusCode");
    pub(in crate::signer) const SUCCESS: &str = "urn:oasis:names:tc:SAML:2.0:status:Success";
}

/// The RSTR of WS-Trust, February 2005, and what it borrows.
pub(super) mod trust {
    use super::Name;

    const T: &str = "http://schemas.xmlsoap.org/ws/2005/02/trust";
    const WSP: &str = "http://schemas.xmlsoap.org/ws/2004/09/policy";
    const WSA: &str = "http://www.w3.org/2005/08/addressing";
    const O: &str =
        "http://docs.oasis-open.org/wss/2004/01/oasis-200401-wss-wssecurity-secext-1.0.xsd";
    const K: &str = "http://docs.oasis-open.org/wss/oasis-wss-wssecurity-secext-1.1.xsd";
    const fn name(local: &'static str) -> Name {
        Name::new("t", local, T)
    }
    pub(in crate::signer) const RSTR: Name = name("RequestSecurityTokenResponse");
    pub(in crate::signer) const LIFETIME: Name = name("Lifetime");
    pub(in crate::signer) const REQUESTED_SECURITY_TOKEN: Name = name("RequestedSecurityToken");
    pub(in crate::signer) const REQUESTED_ATTACHED_REFERENCE: Name =
        name("RequestedAttachedReference");
    pub(in crate::signer) const REQUESTED_UNATTACHED_REFERENCE: Name =
        name("RequestedUnattachedReference");
    pub(in crate::signer) const TOKEN_TYPE: Name = name("TokenType");
    pub(in crate::signer) const REQUEST_TYPE: Name = name("RequestType");
    pub(in crate::signer) const KEY_TYPE: Name = name("KeyType");
    pub(in crate::signer) const CREATED: Name = Name::new("wsu", "Created", signet_xml::ns::WSU);
    pub(in crate::signer) const EXPIRES: Name = Name::new("wsu", "Expires", signet_xml::ns::WSU);
    pub(in crate::signer) const APPLIES_TO: Name = Name::new("wsp", "AppliesTo", WSP);
    pub(in crate::signer) const ENDPOINT_REFERENCE: Name =
        Name::new("wsa", "EndpointReference", WSA);
    pub(in crate::signer) const ADDRESS: Name = Name::new("wsa", "Address", WSA);
    pub(in crate::signer) const SECURITY_TOKEN_REFERENCE: Name =
        Name::new("o", "SecurityTokenReference", O);
    pub(in crate::signer) const KEY_IDENTIFIER: Name = Name::new("o", "KeyIdentifier", O);
    pub(in crate::signer) const K_TOKEN_TYPE: Name = Name::new("k", "TokenType", K);
    pub(in crate::signer) const ISSUE: &str = "http://schemas.xmlsoap.org/ws/2005/02/trust/Issue";
    pub(in crate::signer) const NO_PROOF_KEY: &str =
        "http://schemas.xmlsoap.org/ws/2005/05/identity/NoProofKey";
}
