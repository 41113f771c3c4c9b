//! The one shape of signature that is looked at: checked on the tree before any cryptography.
//!
//! XML Signature can say almost anything; SAML core, section 5.4, allows a narrow profile, and that is
//! what stands here: one `ds:Signature`, a direct child of the element consumed; one `Reference` to that
//! element's own ID; the enveloped-signature transform, then exclusive canonicalization; algorithms
//! from a list; `KeyInfo` ignored. Whatever differs is refused, so the signature cannot cover another
//! element than the one that is read.

mod methods;
mod parts;
mod whole;

use aws_lc_rs::digest;

use crate::canonical::Form;
use crate::document::Document;
use crate::element::Element;
use crate::error::excerpt;
use crate::policy::{Policy, SignatureAlgorithm};
use crate::signature_error::SignatureError;

use methods::{signature_algorithm, signed_info_form, transforms_prefixes};
use parts::{algorithm_of, binary, expect_ds, is_ds, structure};
use whole::{check_document, only_signature};

pub(crate) use whole::find_target;

/// Everything the cryptography needs, taken from a signature of the right shape.
pub(crate) struct Shape<'d> {
    pub(crate) target: Element<'d>,
    pub(crate) signature: Element<'d>,
    pub(crate) signed_info: Element<'d>,
    pub(crate) signed_info_form: Form,
    pub(crate) signed_info_prefixes: Vec<&'d str>,
    pub(crate) algorithm: SignatureAlgorithm,
    pub(crate) signature_value: Vec<u8>,
    pub(crate) target_prefixes: Vec<&'d str>,
    pub(crate) digest: &'static digest::Algorithm,
    pub(crate) digest_value: Vec<u8>,
}

impl<'d> Shape<'d> {
    /// Checks the signature of `target`, whose ID stands in the attribute `id_attribute`.
    pub(crate) fn check(
        document: &'d Document<'_>,
        target: Element<'d>,
        id_attribute: &str,
        policy: Policy,
    ) -> Result<Self, SignatureError> {
        let signature = only_signature(document, target, policy)?;
        let id = target
            .attribute(id_attribute)
            .filter(|id| !id.is_empty())
            .ok_or(SignatureError::MissingId)?;
        check_document(document)?;

        let (signed_info, value) = match *structure(signature, "Signature", &["Id"])? {
            [info, value] if is_ds(info, "SignedInfo") && is_ds(value, "SignatureValue") => {
                (info, value)
            }
            [info, value, key_info]
                if is_ds(info, "SignedInfo")
                    && is_ds(value, "SignatureValue")
                    && is_ds(key_info, "KeyInfo") =>
            {
                (info, value)
            }
            _ => return Err(SignatureError::Shape("children of Signature")),
        };
        let [canonicalization, method, reference] = *structure(signed_info, "SignedInfo", &["Id"])?
        else {
            return Err(SignatureError::Shape("children of SignedInfo"));
        };
        let (signed_info_form, signed_info_prefixes) = signed_info_form(canonicalization, policy)?;
        let algorithm = signature_algorithm(method, policy)?;
        let reference = Reference::check(reference, id, document.root(), target, policy)?;
        Ok(Self {
            target,
            signature,
            signed_info,
            signed_info_form,
            signed_info_prefixes,
            algorithm,
            signature_value: binary(value, "SignatureValue", &["Id"])?,
            target_prefixes: reference.prefixes,
            digest: reference.digest,
            digest_value: reference.digest_value,
        })
    }
}

struct Reference<'d> {
    prefixes: Vec<&'d str>,
    digest: &'static digest::Algorithm,
    digest_value: Vec<u8>,
}

impl<'d> Reference<'d> {
    /// SAML core, section 5.4.2: a single reference to the ID of the root of what is signed.
    fn check(
        reference: Element<'d>,
        id: &str,
        root: Element<'_>,
        target: Element<'_>,
        policy: Policy,
    ) -> Result<Self, SignatureError> {
        expect_ds(reference, "Reference")?;
        let [transforms, method, value] =
            *structure(reference, "Reference", &["URI", "Id", "Type"])?
        else {
            return Err(SignatureError::Shape("children of Reference"));
        };
        let names_target = match reference.attribute("URI") {
            Some("") => policy.allow_empty_uri && target.node() == root.node(),
            Some(uri) => uri.strip_prefix('#') == Some(id),
            None => false,
        };
        if !names_target {
            return Err(SignatureError::OtherElementReferenced);
        }
        let prefixes = transforms_prefixes(transforms)?;
        expect_ds(method, "DigestMethod")?;
        let uri = algorithm_of(method, "DigestMethod")?;
        let digest = policy
            .digest(uri)
            .ok_or_else(|| SignatureError::AlgorithmRefused(excerpt(uri)))?;
        if !structure(method, "DigestMethod", &["Algorithm"])?.is_empty() {
            return Err(SignatureError::Shape("parameters of DigestMethod"));
        }
        expect_ds(value, "DigestValue")?;
        Ok(Self {
            prefixes,
            digest,
            digest_value: binary(value, "DigestValue", &[])?,
        })
    }
}
