//! Short names of claim types: what tokens in JSON and command lines call them.
//!
//! Source: claim descriptions of AD FS.

/// The short name of `claim_type`, if it has one.
pub fn short_name(claim_type: &str) -> Option<&'static str> {
    SHORT_NAMES
        .iter()
        .find(|(_, own)| *own == claim_type)
        .map(|(short, _)| *short)
}

/// The claim type that `short` stands for, compared without case.
pub fn claim_type(short: &str) -> Option<&'static str> {
    SHORT_NAMES
        .iter()
        .find(|(own, _)| own.eq_ignore_ascii_case(short))
        .map(|(_, own)| *own)
}

/// All short names with their claim types.
pub fn short_names() -> impl Iterator<Item = (&'static str, &'static str)> {
    SHORT_NAMES.iter().copied()
}

#[rustfmt::skip]
const SHORT_NAMES: &[(&str, &str)] = &[
    ("upn", "http://schemas.xmlsoap.org/ws/2005/05/identity/claims/upn"),
    ("unique_name", "http://schemas.xmlsoap.org/ws/2005/05/identity/claims/name"),
    ("given_name", "http://schemas.xmlsoap.org/ws/2005/05/identity/claims/givenname"),
    ("family_name", "http://schemas.xmlsoap.org/ws/2005/05/identity/claims/surname"),
    ("email", "http://schemas.xmlsoap.org/ws/2005/05/identity/claims/emailaddress"),
    ("commonname", "http://schemas.xmlsoap.org/claims/CommonName"),
    ("role", "http://schemas.microsoft.com/ws/2008/06/identity/claims/role"),
    ("group", "http://schemas.xmlsoap.org/claims/Group"),
    ("groupsid", "http://schemas.microsoft.com/ws/2008/06/identity/claims/groupsid"),
    ("primarysid", "http://schemas.microsoft.com/ws/2008/06/identity/claims/primarysid"),
    ("primarygroupsid", "http://schemas.microsoft.com/ws/2008/06/identity/claims/primarygroupsid"),
    ("denyonlysid", "http://schemas.xmlsoap.org/ws/2005/05/identity/claims/denyonlysid"),
    ("denyonlyprimarysid", "http://schemas.microsoft.com/ws/2008/06/identity/claims/denyonlyprimarysid"),
    ("denyonlyprimarygroupsid", "http://schemas.microsoft.com/ws/2008/06/identity/claims/denyonlyprimarygroupsid"),
    ("winaccountname", "http://schemas.microsoft.com/ws/2008/06/identity/claims/windowsaccountname"),
    ("nameid", "http://schemas.xmlsoap.org/ws/2005/05/identity/claims/nameidentifier"),
    ("ppid", "http://schemas.xmlsoap.org/ws/2005/05/identity/claims/privatepersonalidentifier"),
    ("adfs1email", "http://schemas.xmlsoap.org/claims/EmailAddress"),
    ("adfs1upn", "http://schemas.xmlsoap.org/claims/UPN"),
    ("auth_time", "http://schemas.microsoft.com/ws/2008/06/identity/claims/authenticationinstant"),
    ("authmethod", "http://schemas.microsoft.com/ws/2008/06/identity/claims/authenticationmethod"),
    ("amr", "http://schemas.microsoft.com/claims/authnmethodsreferences"),
    ("acr", "http://schemas.microsoft.com/claims/authnclassreference"),
    ("pwdexptime", "http://schemas.microsoft.com/ws/2012/01/passwordexpirationtime"),
    ("pwdexpdays", "http://schemas.microsoft.com/ws/2012/01/passwordexpirationdays"),
    ("pwdchgurl", "http://schemas.microsoft.com/ws/2012/01/passwordchangeurl"),
    ("clientip", "http://schemas.microsoft.com/2012/01/requestcontext/claims/x-ms-client-ip"),
    ("forwardedclientip", "http://schemas.microsoft.com/2012/01/requestcontext/claims/x-ms-forwarded-client-ip"),
    ("clientapplication", "http://schemas.microsoft.com/2012/01/requestcontext/claims/x-ms-client-application"),
    ("clientuseragent", "http://schemas.microsoft.com/2012/01/requestcontext/claims/x-ms-client-user-agent"),
    ("endpointpath", "http://schemas.microsoft.com/2012/01/requestcontext/claims/x-ms-endpoint-absolute-path"),
    ("proxy", "http://schemas.microsoft.com/2012/01/requestcontext/claims/x-ms-proxy"),
    ("relyingpartytrustid", "http://schemas.microsoft.com/2012/01/requestcontext/claims/relyingpartytrustid"),
    ("insidecorporatenetwork", "http://schemas.microsoft.com/ws/2012/01/insidecorporatenetwork"),
    ("isregistereduser", "http://schemas.microsoft.com/2012/01/devicecontext/claims/isregistereduser"),
    ("deviceid", "http://schemas.microsoft.com/2012/01/devicecontext/claims/identifier"),
    ("deviceregid", "http://schemas.microsoft.com/2012/01/devicecontext/claims/registrationid"),
    ("devicedispname", "http://schemas.microsoft.com/2012/01/devicecontext/claims/displayname"),
    ("deviceosver", "http://schemas.microsoft.com/2012/01/devicecontext/claims/osversion"),
    ("deviceostype", "http://schemas.microsoft.com/2012/01/devicecontext/claims/ostype"),
    ("deviceismanaged", "http://schemas.microsoft.com/2012/01/devicecontext/claims/ismanaged"),
    ("deviceowner", "http://schemas.microsoft.com/2012/01/devicecontext/claims/userowner"),
    ("certissuer", "http://schemas.microsoft.com/2012/12/certificatecontext/field/issuer"),
    ("certissuername", "http://schemas.microsoft.com/2012/12/certificatecontext/field/issuername"),
    ("certsubject", "http://schemas.microsoft.com/2012/12/certificatecontext/field/subject"),
    ("certsubjectname", "http://schemas.microsoft.com/2012/12/certificatecontext/field/subjectname"),
    ("certserialnumber", "http://schemas.microsoft.com/ws/2008/06/identity/claims/serialnumber"),
    ("certthumbprint", "http://schemas.xmlsoap.org/ws/2005/05/identity/claims/thumbprint"),
    ("certsubjectaltname", "http://schemas.microsoft.com/2012/12/certificatecontext/extension/san"),
    ("certeku", "http://schemas.microsoft.com/2012/12/certificatecontext/extension/eku"),
    ("certkeyusage", "http://schemas.microsoft.com/2012/12/certificatecontext/extension/keyusage"),
    ("certrawdata", "http://schemas.microsoft.com/2012/12/certificatecontext/field/rawdata"),
    ("certnotbefore", "http://schemas.microsoft.com/2012/12/certificatecontext/field/notbefore"),
    ("certnotafter", "http://schemas.microsoft.com/2012/12/certificatecontext/field/notafter"),
    ("certpolicy", "http://schemas.microsoft.com/2012/12/certificatecontext/extension/certificatepolicy"),
    ("certapppolicy", "http://schemas.microsoft.com/2012/12/certificatecontext/extension/applicationpolicy"),
    ("certbasicconstraints", "http://schemas.microsoft.com/2012/12/certificatecontext/extension/basicconstraints"),
    ("certsignaturealgorithm", "http://schemas.microsoft.com/2012/12/certificatecontext/field/signaturealgorithm"),
    ("certsubjectkeyidentifier", "http://schemas.microsoft.com/2012/12/certificatecontext/extension/subjectkeyidentifier"),
    ("certauthoritykeyidentifier", "http://schemas.microsoft.com/2012/12/certificatecontext/extension/authoritykeyidentifier"),
    ("certtemplatename", "http://schemas.microsoft.com/2012/12/certificatecontext/extension/certificatetemplatename"),
    ("certtemplateinformation", "http://schemas.microsoft.com/2012/12/certificatecontext/extension/certificatetemplateinformation"),
    ("certx509version", "http://schemas.microsoft.com/2012/12/certificatecontext/field/x509version"),
];
