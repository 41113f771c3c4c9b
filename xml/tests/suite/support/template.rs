//! Signatures of any shape, as attackers and odd partners make them.

use aws_lc_rs::digest::{self, SHA1_FOR_LEGACY_USE_ONLY, SHA256, SHA384, SHA512, digest};
use base64::{Engine, engine::general_purpose::STANDARD};
use signet_xml::ns::{DS, EXC_C14N};

use super::keys::{Holder, partner};

pub(crate) const RSA_SHA1: &str = "http://www.w3.org/2000/09/xmldsig#rsa-sha1";
pub(crate) const RSA_SHA256: &str = "http://www.w3.org/2001/04/xmldsig-more#rsa-sha256";
pub(crate) const SHA1: &str = "http://www.w3.org/2000/09/xmldsig#sha1";
pub(crate) const SHA256_URI: &str = "http://www.w3.org/2001/04/xmlenc#sha256";
pub(crate) const ENVELOPED: &str = "http://www.w3.org/2000/09/xmldsig#enveloped-signature";
pub(crate) const INCLUSIVE: &str = "http://www.w3.org/TR/2001/REC-xml-c14n-20010315";

/// A signature to be made over text that already is canonical.
pub(crate) struct Template {
    /// Inner text of `CanonicalizationMethod`, and its algorithm.
    pub(crate) canonicalization: (&'static str, String),
    pub(crate) method: &'static str,
    /// Inner text of `SignatureMethod`.
    pub(crate) method_content: String,
    pub(crate) references: Vec<Reference>,
    /// Declarations besides `ds` that inclusive canonicalization finds in scope.
    pub(crate) in_scope: String,
    pub(crate) key_info: String,
    pub(crate) after: String,
}

/// One `Reference` over `content`.
pub(crate) struct Reference {
    pub(crate) uri: Option<String>,
    pub(crate) transforms: String,
    pub(crate) digest: &'static str,
    pub(crate) content: Vec<u8>,
}

impl Template {
    /// The shape that the profile accepts, over `content`.
    pub(crate) fn good(id: &str, content: &str) -> Self {
        Self {
            canonicalization: (EXC_C14N, String::new()),
            method: RSA_SHA256,
            method_content: String::new(),
            references: vec![Reference::good(id, content)],
            in_scope: String::new(),
            key_info: String::new(),
            after: String::new(),
        }
    }

    /// `SignedInfo` as it stands inside the signature.
    fn body(&self) -> String {
        let (canonicalization, parameters) = &self.canonicalization;
        let references: String = self.references.iter().map(Reference::text).collect();
        format!(
            "<ds:CanonicalizationMethod Algorithm=\"{canonicalization}\">{parameters}\
             </ds:CanonicalizationMethod><ds:SignatureMethod Algorithm=\"{}\">{}\
             </ds:SignatureMethod>{references}</ds:SignedInfo>",
            self.method, self.method_content
        )
    }

    /// The octets that are signed.
    pub(crate) fn signed_octets(&self) -> Vec<u8> {
        format!(
            "<ds:SignedInfo xmlns:ds=\"{DS}\"{}>{}",
            self.in_scope,
            self.body()
        )
        .into_bytes()
    }

    pub(crate) fn signature_with(&self, value: &[u8]) -> String {
        let key_info = match self.key_info.as_str() {
            "" => String::new(),
            inner => format!("<ds:KeyInfo>{inner}</ds:KeyInfo>"),
        };
        format!(
            "<ds:Signature xmlns:ds=\"{DS}\"><ds:SignedInfo>{}<ds:SignatureValue>{}\
             </ds:SignatureValue>{key_info}{}</ds:Signature>",
            self.body(),
            STANDARD.encode(value),
            self.after,
        )
    }

    pub(crate) fn signature_by(&self, holder: &Holder) -> String {
        self.signature_with(&holder.sign_raw(self.method, &self.signed_octets()))
    }

    pub(crate) fn signature(&self) -> String {
        self.signature_by(partner())
    }
}

impl Reference {
    pub(crate) fn good(id: &str, content: &str) -> Self {
        Self {
            uri: Some(format!("#{id}")),
            transforms: transforms(&[ENVELOPED, EXC_C14N]),
            digest: SHA256_URI,
            content: content.as_bytes().to_vec(),
        }
    }

    fn text(&self) -> String {
        let uri = self
            .uri
            .as_ref()
            .map_or(String::new(), |uri| format!(" URI=\"{uri}\""));
        let algorithm: &digest::Algorithm = match self.digest.rsplit('#').next().unwrap() {
            "sha1" => &SHA1_FOR_LEGACY_USE_ONLY,
            "sha384" => &SHA384,
            "sha512" => &SHA512,
            _ => &SHA256,
        };
        format!(
            "<ds:Reference{uri}>{}<ds:DigestMethod Algorithm=\"{}\"></ds:DigestMethod>\
             <ds:DigestValue>{}</ds:DigestValue></ds:Reference>",
            self.transforms,
            self.digest,
            STANDARD.encode(digest(algorithm, &self.content))
        )
    }
}

/// `Transforms` of algorithms without parameters.
pub(crate) fn transforms(algorithms: &[&str]) -> String {
    let all: String = algorithms
        .iter()
        .map(|algorithm| format!("<ds:Transform Algorithm=\"{algorithm}\"></ds:Transform>"))
        .collect();
    format!("<ds:Transforms>{all}</ds:Transforms>")
}
