//! A client certificate that a reverse proxy took in its own handshake and passes on in a header.
//!
//! Whether the sender is a proxy that may do so is the caller's to decide, before any of these is read: the header
//! proves nothing by itself.

use base64::Engine as _;
use base64::engine::DecodePaddingMode;
use base64::engine::GeneralPurpose;
use base64::engine::general_purpose::{GeneralPurposeConfig, STANDARD};
use percent_encoding::percent_decode;
use rustls_pki_types::CertificateDer;

use super::certificate::LARGEST_CERTIFICATE;
use super::error::Unreadable;

/// A form in which a proxy writes the certificate.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum HeaderForm {
    /// `Client-Cert`: a structured field of one byte sequence, `:base64:` (RFC 9440 section 2.2).
    ClientCert,
    /// `X-SSL-Client-Cert`: PEM, percent-encoded (nginx, `$ssl_client_escaped_cert`).
    UrlEncodedPem,
    /// `X-ARR-ClientCert`: base64 of the DER (IIS Application Request Routing, Azure).
    Base64,
}

/// Twice the certificate in base64, percent-encoded at worst.
const LONGEST_HEADER: usize = LARGEST_CERTIFICATE * 4;
/// Padding may be left out; anything else that is not base64 is refused.
const LENIENT: GeneralPurpose = GeneralPurpose::new(
    &base64::alphabet::STANDARD,
    GeneralPurposeConfig::new().with_decode_padding_mode(DecodePaddingMode::Indifferent),
);

impl HeaderForm {
    /// The header's usual name, in lower case.
    pub fn header_name(self) -> &'static str {
        match self {
            Self::ClientCert => "client-cert",
            Self::UrlEncodedPem => "x-ssl-client-cert",
            Self::Base64 => "x-arr-clientcert",
        }
    }

    /// The certificate in the header's value; `None` when the value is empty, as proxies write it when there was none.
    ///
    /// # Errors
    /// [`Unreadable`]: a header that holds something else, or more than one certificate, is not guessed at.
    pub fn read(self, value: &[u8]) -> Result<Option<CertificateDer<'static>>, Unreadable> {
        if value.len() > LONGEST_HEADER {
            return Err(Unreadable::TooLarge {
                length: value.len(),
            });
        }
        let value = value.trim_ascii();
        if value.is_empty() {
            return Ok(None);
        }
        let (der, form) = match self {
            Self::ClientCert => (byte_sequence(value), ":base64:"),
            Self::UrlEncodedPem => (escaped_pem(value), "percent-encoded PEM"),
            Self::Base64 => (LENIENT.decode(value).ok(), "base64"),
        };
        let der = der.ok_or(Unreadable::Header(form))?;
        if der.len() > LARGEST_CERTIFICATE {
            return Err(Unreadable::TooLarge { length: der.len() });
        }
        if der.is_empty() {
            return Err(Unreadable::Header(form));
        }
        Ok(Some(CertificateDer::from(der)))
    }
}

/// RFC 8941 section 3.3.5; parameters are not defined for this field and are refused.
fn byte_sequence(value: &[u8]) -> Option<Vec<u8>> {
    let inner = value.strip_prefix(b":")?.strip_suffix(b":")?;
    LENIENT.decode(inner).ok()
}

fn escaped_pem(value: &[u8]) -> Option<Vec<u8>> {
    let text: Vec<u8> = percent_decode(value).collect();
    let text = std::str::from_utf8(&text).ok()?.trim();
    let inner = text
        .strip_prefix("-----BEGIN CERTIFICATE-----")?
        .strip_suffix("-----END CERTIFICATE-----")?;
    // Some proxies fold the lines with blanks or tabs instead of line ends.
    let bare: String = inner
        .chars()
        .filter(|character| !character.is_ascii_whitespace())
        .collect();
    STANDARD.decode(bare).ok()
}

/// Fuzz target: the first octet chooses the form; what is read is no larger than a certificate may be.
pub fn fuzz_certificate_header(bytes: &[u8]) {
    let Some((form, value)) = bytes.split_first() else {
        return;
    };
    let form = match form % 3 {
        0 => HeaderForm::ClientCert,
        1 => HeaderForm::UrlEncodedPem,
        _ => HeaderForm::Base64,
    };
    if let Ok(Some(der)) = form.read(value) {
        assert!(!der.is_empty() && der.len() <= LARGEST_CERTIFICATE);
        drop(super::ClientCertificate::read(&der));
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn each_form_is_read() {
        let read = |form: HeaderForm, value: &str| {
            form.read(value.as_bytes())
                .map(|der| der.map(|der| der.to_vec()))
        };
        let der = Ok(Some(vec![1, 2, 3, 4]));
        assert_eq!(read(HeaderForm::ClientCert, ":AQIDBA==:"), der);
        assert_eq!(read(HeaderForm::Base64, "AQIDBA=="), der);
        assert_eq!(read(HeaderForm::Base64, "AQIDBA"), der);
        let pem =
            "-----BEGIN%20CERTIFICATE-----%0AAQID%0ABA%3D%3D%0A-----END%20CERTIFICATE-----%0A";
        assert_eq!(read(HeaderForm::UrlEncodedPem, pem), der);
        for form in [
            HeaderForm::ClientCert,
            HeaderForm::UrlEncodedPem,
            HeaderForm::Base64,
        ] {
            assert_eq!(read(form, " "), Ok(None));
        }
        for (form, wrong) in [
            (HeaderForm::ClientCert, "AQIDBA=="),
            (HeaderForm::ClientCert, ":AQIDBA==:, :AQIDBA==:"),
            (HeaderForm::ClientCert, ":AQIDBA==:;a=1"),
            (HeaderForm::ClientCert, ":"),
            (HeaderForm::ClientCert, "::"),
            (HeaderForm::Base64, "AQID,BA=="),
            (HeaderForm::Base64, pem),
            (HeaderForm::UrlEncodedPem, "AQIDBA=="),
            (HeaderForm::UrlEncodedPem, &format!("{pem}{pem}")),
        ] {
            assert!(
                matches!(read(form, wrong), Err(Unreadable::Header(_))),
                "{form:?} {wrong}"
            );
        }
        let long = "A".repeat(LONGEST_HEADER + 1);
        assert!(matches!(
            read(HeaderForm::Base64, &long),
            Err(Unreadable::TooLarge { .. })
        ));
    }
}
