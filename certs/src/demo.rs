//! A small authority for demonstrations and tests: it issues the server certificate that a browser is shown.

use rcgen::{
    BasicConstraints, CertificateParams, DistinguishedName, DnType, ExtendedKeyUsagePurpose, IsCa,
    Issuer, KeyPair, KeyUsagePurpose,
};
use time::{Duration, OffsetDateTime};
use zeroize::Zeroizing;

use crate::error::CertError;
use crate::generate::random_serial;

/// A certification authority of one process: its key (ECDSA P-256) lives in memory and dies with it.
pub struct DemoAuthority {
    issuer: Issuer<'static, KeyPair>,
    certificate_pem: String,
}

/// A server certificate and its key, both PEM; the chain holds the authority's certificate as well.
pub struct IssuedServer {
    /// Server certificate, then the authority's.
    pub chain_pem: String,
    /// PKCS#8 key.
    pub key_pem: Zeroizing<String>,
}

impl DemoAuthority {
    /// A new authority, valid for a year from `now`.
    ///
    /// # Errors
    /// [`CertError::Crypto`].
    pub fn generate(now: OffsetDateTime) -> Result<Self, CertError> {
        let failed = |_| CertError::Crypto("demo authority");
        let mut params = dated("Signet Demo Authority", now, Duration::days(365))?;
        params.is_ca = IsCa::Ca(BasicConstraints::Constrained(0));
        params.key_usages = vec![KeyUsagePurpose::KeyCertSign, KeyUsagePurpose::CrlSign];
        let key = KeyPair::generate().map_err(failed)?;
        let certificate_pem = params.self_signed(&key).map_err(failed)?.pem();
        Ok(Self {
            issuer: Issuer::new(params, key),
            certificate_pem,
        })
    }

    /// Issues a TLS server certificate for `names` (DNS names or IP addresses), valid for 90 days from `now`.
    ///
    /// # Errors
    /// [`CertError::SubjectUnusable`] for a name that no certificate can carry, or none at all.
    pub fn issue_server(
        &self,
        names: &[&str],
        now: OffsetDateTime,
    ) -> Result<IssuedServer, CertError> {
        let failed = |_| CertError::Crypto("demo server certificate");
        let first = names
            .first()
            .ok_or_else(|| CertError::SubjectUnusable(String::new()))?;
        let names: Vec<String> = names.iter().map(|name| (*name).to_owned()).collect();
        let named = CertificateParams::new(names)
            .map_err(|_| CertError::SubjectUnusable((*first).to_owned()))?;
        let mut params = dated(first, now, Duration::days(90))?;
        params.subject_alt_names = named.subject_alt_names;
        params.extended_key_usages = vec![ExtendedKeyUsagePurpose::ServerAuth];
        params.key_usages = vec![KeyUsagePurpose::DigitalSignature];
        params.use_authority_key_identifier_extension = true;
        let key = KeyPair::generate().map_err(failed)?;
        let certificate = params.signed_by(&key, &self.issuer).map_err(failed)?;
        Ok(IssuedServer {
            chain_pem: format!("{}{}", certificate.pem(), self.certificate_pem),
            key_pem: Zeroizing::new(key.serialize_pem()),
        })
    }

    /// The authority's certificate: what a client has to trust.
    pub fn certificate_pem(&self) -> &str {
        &self.certificate_pem
    }
}

fn dated(
    common_name: &str,
    now: OffsetDateTime,
    validity: Duration,
) -> Result<CertificateParams, CertError> {
    let mut params = CertificateParams::default();
    let mut name = DistinguishedName::new();
    name.push(DnType::CommonName, common_name);
    params.distinguished_name = name;
    params.not_before = now - Duration::minutes(5);
    params.not_after = now + validity;
    params.serial_number = Some(random_serial()?);
    Ok(params)
}
