//! The identifiers of the protocols, exactly as they go over the wire.
//!
//! Many vendor pages show these with `https://`: an artefact of an automatic rewrite. The real ones
//! are `http://`.

/// Claim types.
pub mod claims {
    /// Windows account name, `NETBIOS\sam`.
    pub const WINDOWS_ACCOUNT_NAME: &str =
        "http://schemas.microsoft.com/ws/2008/06/identity/claims/windowsaccountname";
    /// SID of the account.
    pub const PRIMARY_SID: &str =
        "http://schemas.microsoft.com/ws/2008/06/identity/claims/primarysid";
    /// SID of a group.
    pub const GROUP_SID: &str = "http://schemas.microsoft.com/ws/2008/06/identity/claims/groupsid";
    /// SID of the primary group.
    pub const PRIMARY_GROUP_SID: &str =
        "http://schemas.microsoft.com/ws/2008/06/identity/claims/primarygroupsid";
    /// Method of authentication.
    pub const AUTHENTICATION_METHOD: &str =
        "http://schemas.microsoft.com/ws/2008/06/identity/claims/authenticationmethod";
    /// Time of authentication.
    pub const AUTHENTICATION_INSTANT: &str =
        "http://schemas.microsoft.com/ws/2008/06/identity/claims/authenticationinstant";
    /// Time of the second factor.
    pub const MFA_INSTANT: &str =
        "http://schemas.microsoft.com/ws/2017/04/identity/claims/multifactorauthenticationinstant";
    /// All methods used, multi-valued.
    pub const AUTHN_METHODS_REFERENCES: &str =
        "http://schemas.microsoft.com/claims/authnmethodsreferences";
    /// Providers of second factors.
    pub const AUTHN_METHODS_PROVIDERS: &str =
        "http://schemas.microsoft.com/claims/authnmethodsproviders";
    /// Issuer that the Entra rule set computes.
    pub const ISSUER_ID: &str = "http://schemas.microsoft.com/ws/2008/06/identity/claims/issuerid";
    /// Name.
    pub const NAME: &str = "http://schemas.xmlsoap.org/ws/2005/05/identity/claims/name";
    /// User principal name.
    pub const UPN: &str = "http://schemas.xmlsoap.org/ws/2005/05/identity/claims/upn";
    /// E-mail address.
    pub const EMAIL: &str = "http://schemas.xmlsoap.org/ws/2005/05/identity/claims/emailaddress";
    /// Given name.
    pub const GIVEN_NAME: &str = "http://schemas.xmlsoap.org/ws/2005/05/identity/claims/givenname";
    /// Surname.
    pub const SURNAME: &str = "http://schemas.xmlsoap.org/ws/2005/05/identity/claims/surname";
    /// Name identifier: becomes the subject of the token.
    pub const NAME_IDENTIFIER: &str =
        "http://schemas.xmlsoap.org/ws/2005/05/identity/claims/nameidentifier";
    /// UPN as Entra reads it.
    pub const ENTRA_UPN: &str = "http://schemas.xmlsoap.org/claims/UPN";
    /// `ImmutableID` as Entra reads it.
    pub const IMMUTABLE_ID: &str =
        "http://schemas.microsoft.com/LiveID/Federation/2008/05/ImmutableID";
    /// `true` when the request came from inside.
    pub const INSIDE_CORPORATE_NETWORK: &str =
        "http://schemas.microsoft.com/ws/2012/01/insidecorporatenetwork";
    /// `true` when the session is persistent.
    pub const PSSO: &str = "http://schemas.microsoft.com/2014/03/psso";
    /// Seconds until the password expires.
    pub const PASSWORD_EXPIRATION_TIME: &str =
        "http://schemas.microsoft.com/ws/2012/01/passwordexpirationtime";
    /// Whole days until the password expires.
    pub const PASSWORD_EXPIRATION_DAYS: &str =
        "http://schemas.microsoft.com/ws/2012/01/passwordexpirationdays";
    /// Where to change the password.
    pub const PASSWORD_CHANGE_URL: &str =
        "http://schemas.microsoft.com/ws/2012/01/passwordchangeurl";
    /// The address of the person's machine.
    pub const USER_IP: &str = "http://schemas.microsoft.com/2014/09/requestcontext/claims/userip";
    /// Prefix of the request context claims (`x-ms-client-ip`, …).
    pub const REQUEST_CONTEXT: &str = "http://schemas.microsoft.com/2012/01/requestcontext/claims/";
    /// Permit, in an authorization rule set.
    pub const PERMIT: &str = "http://schemas.microsoft.com/authorization/claims/permit";
    /// Deny, in an authorization rule set.
    pub const DENY: &str = "http://schemas.microsoft.com/authorization/claims/deny";
    /// Property of a name identifier: its format.
    pub const PROPERTY_FORMAT: &str =
        "http://schemas.xmlsoap.org/ws/2005/05/identity/claimproperties/format";
    /// Property of a name identifier: `NameQualifier`.
    pub const PROPERTY_NAME_QUALIFIER: &str =
        "http://schemas.xmlsoap.org/ws/2005/05/identity/claimproperties/namequalifier";
    /// Property of a name identifier: `SPNameQualifier`.
    pub const PROPERTY_SP_NAME_QUALIFIER: &str =
        "http://schemas.xmlsoap.org/ws/2005/05/identity/claimproperties/spnamequalifier";
    /// Property of any claim: `NameFormat` of the SAML 2.0 attribute, despite its name.
    pub const PROPERTY_ATTRIBUTE_NAME_FORMAT: &str =
        "http://schemas.xmlsoap.org/ws/2005/05/identity/claimproperties/attributename";
}

/// Authentication methods and context classes.
pub mod authn {
    /// Password over a protected transport (SAML 2.0).
    pub const PASSWORD_PROTECTED_TRANSPORT: &str =
        "urn:oasis:names:tc:SAML:2.0:ac:classes:PasswordProtectedTransport";
    /// Password (SAML 2.0).
    pub const PASSWORD: &str = "urn:oasis:names:tc:SAML:2.0:ac:classes:Password";
    /// TLS client certificate (SAML 2.0).
    pub const TLS_CLIENT: &str = "urn:oasis:names:tc:SAML:2.0:ac:classes:TLSClient";
    /// X.509 (SAML 2.0).
    pub const X509: &str = "urn:oasis:names:tc:SAML:2.0:ac:classes:X509";
    /// Kerberos (SAML 2.0).
    pub const KERBEROS: &str = "urn:oasis:names:tc:SAML:2.0:ac:classes:Kerberos";
    /// No statement (SAML 2.0).
    pub const UNSPECIFIED: &str = "urn:oasis:names:tc:SAML:2.0:ac:classes:unspecified";
    /// Password (SAML 1.1).
    pub const SAML1_PASSWORD: &str = "urn:oasis:names:tc:SAML:1.0:am:password";
    /// Password, as Entra asks for a fresh one.
    pub const MS_PASSWORD: &str =
        "http://schemas.microsoft.com/ws/2008/06/identity/authenticationmethod/password";
    /// Integrated Windows authentication.
    pub const WINDOWS: &str = "urn:federation:authentication:windows";
    /// TLS client certificate (WS-Federation `wauth`).
    pub const WS_TLS_CLIENT: &str = "urn:ietf:rfc:2246";
    /// TLS client certificate, in AD FS's own name space.
    pub const MS_TLS_CLIENT: &str =
        "http://schemas.microsoft.com/ws/2008/06/identity/authenticationmethod/tlsclient";
    /// Integrated Windows authentication, in AD FS's own name space.
    pub const MS_WINDOWS: &str =
        "http://schemas.microsoft.com/ws/2008/06/identity/authenticationmethod/windows";
    /// A one-time code, as AD FS's adapters name it.
    pub const ADAPTER_OTP: &str = "http://schemas.microsoft.com/ws/2012/12/authmethod/otp";
    /// A passkey or security key: AD FS has no name of its own, so one in the name space of its adapters.
    pub const ADAPTER_SECURITY_KEY: &str =
        "http://schemas.microsoft.com/ws/2012/12/authmethod/securitykey";
    /// What a RADIUS server accepted, likewise.
    pub const ADAPTER_RADIUS: &str = "http://schemas.microsoft.com/ws/2012/12/authmethod/radius";
    /// More than one factor.
    pub const MULTIPLE: &str = "http://schemas.microsoft.com/claims/multipleauthn";
    /// Integrated Windows authentication, or more than one factor.
    pub const WINDOWS_OR_MULTIPLE: &str = "http://schemas.microsoft.com/claims/wiaormultiauthn";
}

/// Name identifier formats.
pub mod name_id {
    /// SAML 1.1 unspecified.
    pub const UNSPECIFIED: &str = "urn:oasis:names:tc:SAML:1.1:nameid-format:unspecified";
    /// E-mail address.
    pub const EMAIL: &str = "urn:oasis:names:tc:SAML:1.1:nameid-format:emailAddress";
    /// Persistent.
    pub const PERSISTENT: &str = "urn:oasis:names:tc:SAML:2.0:nameid-format:persistent";
    /// Transient.
    pub const TRANSIENT: &str = "urn:oasis:names:tc:SAML:2.0:nameid-format:transient";
}

/// SAML 2.0 bindings.
pub mod binding {
    /// HTTP POST.
    pub const HTTP_POST: &str = "urn:oasis:names:tc:SAML:2.0:bindings:HTTP-POST";
    /// HTTP redirect.
    pub const HTTP_REDIRECT: &str = "urn:oasis:names:tc:SAML:2.0:bindings:HTTP-Redirect";
}

/// Token types.
pub mod token {
    /// SAML 1.1.
    pub const SAML11: &str = "urn:oasis:names:tc:SAML:1.0:assertion";
    /// SAML 2.0.
    pub const SAML20: &str = "urn:oasis:names:tc:SAML:2.0:assertion";
}

/// Algorithms.
pub mod algorithm {
    /// RSA with SHA-256.
    pub const RSA_SHA256: &str = "http://www.w3.org/2001/04/xmldsig-more#rsa-sha256";
    /// RSA with SHA-1: only where a relying party is set so.
    pub const RSA_SHA1: &str = "http://www.w3.org/2000/09/xmldsig#rsa-sha1";
}

/// The realm, entity id and audience of Microsoft Entra, worldwide cloud.
pub const ENTRA_REALM: &str = "urn:federation:MicrosoftOnline";
/// Where the worldwide cloud of Microsoft Entra takes tokens.
pub const ENTRA_REPLY: &str = "https://login.microsoftonline.com/login.srf";
