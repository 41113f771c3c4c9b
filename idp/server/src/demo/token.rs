//! Reading a token as a relying party does: verify first, then read only what was signed.

use signet_xml::{
    Document, Element, Limits, Name, Policy, TrustedKey, XmlError, parse_instant, read,
    verify_enveloped, verify_only_child,
};
use time::OffsetDateTime;

const SAML11: &str = "urn:oasis:names:tc:SAML:1.0:assertion";
const SAML20: &str = "urn:oasis:names:tc:SAML:2.0:assertion";
const SAMLP: &str = "urn:oasis:names:tc:SAML:2.0:protocol";
const TRUST: &str = "http://schemas.xmlsoap.org/ws/2005/02/trust";

/// What a verified token says.
#[derive(Clone, Debug, Default)]
pub(crate) struct Token {
    /// `SAML 1.1` or `SAML 2.0`.
    pub(crate) version: &'static str,
    pub(crate) id: String,
    pub(crate) issuer: String,
    pub(crate) audience: String,
    pub(crate) name_id: String,
    pub(crate) name_id_format: String,
    pub(crate) not_before: Option<OffsetDateTime>,
    pub(crate) not_on_or_after: Option<OffsetDateTime>,
    /// When the person proved who they are.
    pub(crate) authenticated_at: Option<OffsetDateTime>,
    pub(crate) method: String,
    /// SAML 2.0: where the assertion may be delivered.
    pub(crate) recipient: Option<String>,
    /// Claim type and value, in order.
    pub(crate) claims: Vec<(String, String)>,
    /// Algorithm of the signature.
    pub(crate) signed_with: String,
    /// Index of the published certificate that signed.
    pub(crate) key: usize,
}

impl Token {
    /// The values of a claim.
    pub(crate) fn values<'t>(&'t self, claim_type: &str) -> impl Iterator<Item = &'t str> {
        self.claims
            .iter()
            .filter(move |(name, _)| name == claim_type)
            .map(|(_, value)| value.as_str())
    }
}

/// Reads `wresult`: an RSTR whose only token is an assertion signed by one of `keys`.
pub(crate) fn from_wresult(wresult: &str, keys: &[TrustedKey]) -> Result<Token, String> {
    let outer = read(wresult.as_bytes(), Limits::ANONYMOUS).map_err(|error| error.to_string())?;
    let root = outer
        .root()
        .expect(TRUST, "RequestSecurityTokenResponse")
        .map_err(text)?;
    let assertion = root
        .only_child(TRUST, "RequestedSecurityToken")
        .and_then(|token| {
            token.children().next().ok_or(XmlError::MissingChild {
                parent: "RequestedSecurityToken".into(),
                child: "Assertion".into(),
            })
        })
        .map_err(text)?;
    let is_saml11 = assertion.is(SAML11, "Assertion");
    // The assertion declares all its prefixes itself, so it is a document of its own.
    let inner = cut(wresult, "RequestedSecurityToken>").ok_or("the RSTR holds no token")?;
    let document = read(inner.as_bytes(), Limits::ANONYMOUS).map_err(text)?;
    let name = Name::new("saml", "Assertion", if is_saml11 { SAML11 } else { SAML20 });
    let id = if is_saml11 { "AssertionID" } else { "ID" };
    read_assertion(&document, None, name, id, keys)
}

/// Reads a decoded `SAMLResponse`: a response whose only assertion is signed by one of `keys`.
pub(crate) fn from_response(xml: &str, keys: &[TrustedKey]) -> Result<Token, String> {
    let document = read(xml.as_bytes(), Limits::ANONYMOUS).map_err(text)?;
    let response = Name::new("samlp", "Response", SAMLP);
    read_assertion(
        &document,
        Some(response),
        Name::new("saml", "Assertion", SAML20),
        "ID",
        keys,
    )
}

/// The status of a `SAMLResponse` that carries no assertion: the innermost status code.
pub(crate) fn status_of(xml: &str) -> Option<String> {
    let document = read(xml.as_bytes(), Limits::ANONYMOUS).ok()?;
    let mut code = document
        .root()
        .only_child(SAMLP, "Status")
        .ok()?
        .only_child(SAMLP, "StatusCode")
        .ok()?;
    while let Ok(Some(inner)) = code.optional_child(SAMLP, "StatusCode") {
        code = inner;
    }
    code.attribute("Value").map(str::to_owned)
}

fn read_assertion(
    document: &Document<'_>,
    parent: Option<Name>,
    name: Name,
    id: &str,
    keys: &[TrustedKey],
) -> Result<Token, String> {
    let verified = match parent {
        Some(root) => verify_only_child(document, root, name, id, keys, Policy::default()),
        None => verify_enveloped(document, name, id, keys, Policy::default()),
    }
    .map_err(|error| error.to_string())?;
    let assertion = verified.element();
    let mut token = if name.uri == SAML11 {
        read_saml11(assertion)
    } else {
        read_saml20(assertion)
    }
    .map_err(text)?;
    token.id = assertion.attribute(id).unwrap_or_default().to_owned();
    token.signed_with = format!("{:?}", verified.algorithm());
    token.key = verified.key_index();
    Ok(token)
}

fn read_saml11(assertion: Element<'_>) -> Result<Token, XmlError> {
    let conditions = assertion.only_child(SAML11, "Conditions")?;
    let authentication = assertion.only_child(SAML11, "AuthenticationStatement")?;
    let name_id = authentication
        .only_child(SAML11, "Subject")?
        .only_child(SAML11, "NameIdentifier")?;
    let mut claims = Vec::new();
    for statement in assertion.children_named(SAML11, "AttributeStatement") {
        for attribute in statement.children_named(SAML11, "Attribute") {
            let space = attribute.required_attribute("AttributeNamespace")?;
            let name = attribute.required_attribute("AttributeName")?;
            for value in attribute.children_named(SAML11, "AttributeValue") {
                claims.push((format!("{space}/{name}"), value.text()?.into_owned()));
            }
        }
    }
    Ok(Token {
        version: "SAML 1.1",
        issuer: assertion.required_attribute("Issuer")?.to_owned(),
        audience: conditions
            .only_child(SAML11, "AudienceRestrictionCondition")?
            .only_child(SAML11, "Audience")?
            .text()?
            .into_owned(),
        name_id: name_id.text()?.into_owned(),
        name_id_format: name_id.attribute("Format").unwrap_or_default().to_owned(),
        not_before: instant(conditions.attribute("NotBefore")),
        not_on_or_after: instant(conditions.attribute("NotOnOrAfter")),
        authenticated_at: instant(authentication.attribute("AuthenticationInstant")),
        method: authentication
            .attribute("AuthenticationMethod")
            .unwrap_or_default()
            .to_owned(),
        claims,
        ..Token::default()
    })
}

fn read_saml20(assertion: Element<'_>) -> Result<Token, XmlError> {
    let conditions = assertion.only_child(SAML20, "Conditions")?;
    let statement = assertion.only_child(SAML20, "AuthnStatement")?;
    let subject = assertion.only_child(SAML20, "Subject")?;
    let name_id = subject.optional_child(SAML20, "NameID")?;
    let confirmation = subject
        .only_child(SAML20, "SubjectConfirmation")?
        .only_child(SAML20, "SubjectConfirmationData")?;
    let mut claims = Vec::new();
    if let Some(statement) = assertion.optional_child(SAML20, "AttributeStatement")? {
        for attribute in statement.children_named(SAML20, "Attribute") {
            let name = attribute.required_attribute("Name")?;
            for value in attribute.children_named(SAML20, "AttributeValue") {
                claims.push((name.to_owned(), value.text()?.into_owned()));
            }
        }
    }
    let class = statement
        .only_child(SAML20, "AuthnContext")?
        .only_child(SAML20, "AuthnContextClassRef")?;
    Ok(Token {
        version: "SAML 2.0",
        issuer: assertion.only_child(SAML20, "Issuer")?.text()?.into_owned(),
        audience: conditions
            .only_child(SAML20, "AudienceRestriction")?
            .only_child(SAML20, "Audience")?
            .text()?
            .into_owned(),
        name_id: name_id
            .map(|id| id.text().map(std::borrow::Cow::into_owned))
            .transpose()?
            .unwrap_or_default(),
        name_id_format: name_id
            .and_then(|id| id.attribute("Format"))
            .unwrap_or_default()
            .to_owned(),
        not_before: instant(conditions.attribute("NotBefore")),
        not_on_or_after: instant(conditions.attribute("NotOnOrAfter")),
        authenticated_at: instant(statement.attribute("AuthnInstant")),
        method: class.text()?.into_owned(),
        recipient: confirmation.attribute("Recipient").map(str::to_owned),
        claims,
        ..Token::default()
    })
}

fn instant(text: Option<&str>) -> Option<OffsetDateTime> {
    text.and_then(|text| parse_instant(text).ok())
}

fn text(error: XmlError) -> String {
    error.to_string()
}

/// What stands between the start tag and the end tag whose names end in `tag`.
fn cut<'x>(xml: &'x str, tag: &str) -> Option<&'x str> {
    let start = xml.find(tag)? + tag.len();
    let rest = xml.get(start..)?;
    let end = rest.rfind(tag)?;
    let inner = rest.get(..end)?;
    inner.get(..inner.rfind("</")?)
}

/// The XML with a line for each element, for reading only.
pub(crate) fn indented(xml: &str) -> String {
    let mut out = String::with_capacity(xml.len() * 2);
    let mut depth = 0usize;
    let mut rest = xml;
    while let Some(open) = rest.find('<') {
        let (before, tail) = rest.split_at(open);
        out.push_str(before);
        let close = tail.find('>').map_or(tail.len(), |at| at + 1);
        let (tag, after) = tail.split_at(close);
        let closing = tag.starts_with("</");
        if closing {
            depth = depth.saturating_sub(1);
        }
        if before.is_empty() && !out.is_empty() {
            out.push('\n');
            out.extend(std::iter::repeat_n(' ', depth * 2));
        }
        out.push_str(tag);
        if !closing && !tag.ends_with("/>") && !tag.starts_with("<?") {
            depth += 1;
        }
        rest = after;
    }
    out.push_str(rest);
    out
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn indented_keeps_text_beside_its_tags() {
        assert_eq!(
            indented("<a><b>x</b><c></c></a>"),
            "<a>\n  <b>x</b>\n  <c>\n  </c>\n</a>"
        );
    }

    #[test]
    fn an_unsigned_response_is_refused() {
        let xml = "<samlp:Response xmlns:samlp=\"urn:oasis:names:tc:SAML:2.0:protocol\"><saml:Assertion xmlns:saml=\"urn:oasis:names:tc:SAML:2.0:assertion\" ID=\"_a\"></saml:Assertion></samlp:Response>";
        assert!(from_response(xml, &[]).is_err());
        assert!(from_wresult(xml, &[]).is_err());
    }
}
