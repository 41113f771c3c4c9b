//! The SAML 2.0 response around an assertion (saml-core-2.0-os 3.3.3).

use std::ops::Range;

use signet_certs::KeyRing;
use signet_model::relying_party::{EncryptionAlgorithm, ResponseSignature, TokenType};
use signet_xml::{CanonicalXml, SigningFailed, Writer, sign_element};
use time::OffsetDateTime;

use super::encryption::encrypt;
use super::keys::{Kind, RingKey};
use super::names::{saml20, samlp};
use super::saml20::write_assertion;
use super::token::{SignedResponse, Times};
use super::{Signer, SignerError, algorithm_of};
use crate::id::fresh_id;
use crate::release::{PermittedRelease, TokenContent};

impl Signer {
    /// Writes and signs a SAML 2.0 response: what the relying party wants signed is signed, and the
    /// assertion is encrypted where it has a certificate for that.
    ///
    /// # Errors
    /// Any [`SignerError`] but those of metadata and redirects.
    pub fn sign_saml_response(
        &self,
        release: &PermittedRelease,
        now: OffsetDateTime,
    ) -> Result<SignedResponse, SignerError> {
        let content = release.content();
        if content.terms.token_type != TokenType::Saml20 {
            return Err(SignerError::TokenType(content.terms.token_type));
        }
        let ring = self.ring.load();
        let draft = Draft {
            signer: self,
            ring: &ring,
            content,
            times: Times::of(content, now),
            response_id: fresh_id()?,
            token_id: fresh_id()?,
            now,
        };
        match &content.terms.encryption {
            None => draft.write_plain(),
            Some((certificate, algorithm)) => draft.write_encrypted(certificate, *algorithm),
        }
    }
}

/// One response being made.
struct Draft<'a> {
    signer: &'a Signer,
    ring: &'a KeyRing,
    content: &'a TokenContent,
    times: Times,
    response_id: String,
    token_id: String,
    now: OffsetDateTime,
}

impl Draft<'_> {
    /// The assertion in the clear: written in place, signed in place, inner signature first.
    fn write_plain(self) -> Result<SignedResponse, SignerError> {
        let mut out = Writer::with_capacity(8192);
        let response_signature_at = self.begin(&mut out);
        let (assertion, signature_at) =
            write_assertion(&mut out, self.content, &self.token_id, &self.times);
        out.end();
        let mut xml = out.finish();

        let mut token = None;
        if self.signs_assertion() {
            let signed = self.sign_assertion(&mut xml, assertion, signature_at)?;
            token = Some(self.facts(xml.get(signed).unwrap_or_default(), false));
        }
        self.sign_message(&mut xml, response_signature_at)?;
        let facts = token.unwrap_or_else(|| self.facts(&xml, false));
        Ok(self.finish(xml, facts))
    }

    /// The assertion signed by itself, then encrypted, then put into its response.
    fn write_encrypted(
        self,
        certificate: &str,
        algorithm: EncryptionAlgorithm,
    ) -> Result<SignedResponse, SignerError> {
        let mut out = Writer::with_capacity(8192);
        let (assertion, signature_at) =
            write_assertion(&mut out, self.content, &self.token_id, &self.times);
        let mut plain = out.finish();
        if self.signs_assertion() {
            self.sign_assertion(&mut plain, assertion, signature_at)?;
        }
        let encrypted = encrypt(self.content, &plain, certificate, algorithm)?;

        let mut out = Writer::with_capacity(encrypted.len() + 2048);
        let response_signature_at = self.begin(&mut out);
        out.start(saml20::ENCRYPTED_ASSERTION)
            .splice(&encrypted)
            .end()
            .end();
        let mut xml = out.finish();
        self.sign_message(&mut xml, response_signature_at)?;
        let facts = self.facts(if self.signs_assertion() { &plain } else { &xml }, true);
        Ok(self.finish(xml, facts))
    }

    /// Opens the response and writes what stands before the assertion; gives the place of its signature.
    fn begin(&self, out: &mut Writer) -> usize {
        out.start(samlp::RESPONSE)
            .attribute("ID", &self.response_id)
            .attribute("Version", "2.0")
            .attribute("IssueInstant", &self.times.issued)
            .attribute("Destination", &self.content.reply_to);
        if let Some(request) = &self.content.in_response_to {
            out.attribute("InResponseTo", request);
        }
        out.element(saml20::ISSUER, &self.content.issuer);
        let signature_at = out.mark();
        out.start(samlp::STATUS)
            .start(samlp::STATUS_CODE)
            .attribute("Value", samlp::SUCCESS)
            .end()
            .end();
        signature_at
    }

    fn signs_assertion(&self) -> bool {
        self.content.terms.response_signature != ResponseSignature::MessageOnly
    }

    /// Signs the assertion and gives its octets with the signature.
    fn sign_assertion(
        &self,
        xml: &mut CanonicalXml,
        assertion: Range<usize>,
        at: usize,
    ) -> Result<Range<usize>, SigningFailed> {
        let before = xml.len();
        self.sign(xml, assertion.clone(), at, &self.token_id, Kind::Token)?;
        Ok(assertion.start..assertion.end + (xml.len() - before))
    }

    /// Signs the response where the relying party wants that.
    fn sign_message(&self, xml: &mut CanonicalXml, at: usize) -> Result<(), SigningFailed> {
        let kind = match self.content.terms.response_signature {
            ResponseSignature::AssertionOnly => return Ok(()),
            ResponseSignature::MessageOnly => Kind::Token,
            ResponseSignature::MessageAndAssertion => Kind::Response,
        };
        let whole = 0..xml.len();
        self.sign(xml, whole, at, &self.response_id, kind)
    }

    fn sign(
        &self,
        xml: &mut CanonicalXml,
        element: Range<usize>,
        at: usize,
        id: &str,
        kind: Kind,
    ) -> Result<(), SigningFailed> {
        let key = RingKey::new(self.ring.current(), &self.signer.counters, kind);
        let algorithm = algorithm_of(self.content.terms.algorithm);
        sign_element(xml, element, at, id, &[], algorithm, &key)
    }

    fn facts(&self, signed: &str, encrypted: bool) -> crate::audit::AuditFacts {
        self.signer.facts(
            self.content,
            self.ring,
            &self.token_id,
            signed,
            self.now,
            encrypted,
        )
    }

    fn finish(self, xml: CanonicalXml, facts: crate::audit::AuditFacts) -> SignedResponse {
        self.signer.counters.count_token();
        SignedResponse {
            id: self.response_id,
            xml,
            destination: self.content.reply_to.clone(),
            session_index: self.content.session_index.clone(),
            token_id: self.token_id,
            not_on_or_after: self.times.ends_at,
            name_id: self.content.name_id.clone(),
            facts,
        }
    }
}
