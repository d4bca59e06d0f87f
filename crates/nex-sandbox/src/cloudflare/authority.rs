//! The emulator's certificate authority. It signs real certificates, so clients can verify them.

use rcgen::{
    BasicConstraints, CertificateParams, DnType, ExtendedKeyUsagePurpose, IsCa, Issuer, KeyPair,
    KeyUsagePurpose, SerialNumber, SubjectPublicKeyInfo,
};
use strum::EnumString;
use time::{Duration, OffsetDateTime};
use x509_parser::certification_request::X509CertificationRequest;
use x509_parser::prelude::FromDer;
use x509_parser::public_key::PublicKey;

/// The validity of the root: longer than the maximum of a certificate, which is 15 years.
const ROOT_DAYS: i64 = 20 * 365;

/// A certificate authority. Each start creates a new root.
pub(super) struct Authority {
    issuer: Issuer<'static, KeyPair>,
    root: String,
}

/// The kind of a request's key. The string form is the API's `request_type`.
#[derive(Debug, Clone, Copy, PartialEq, Eq, EnumString)]
pub(super) enum KeyKind {
    #[strum(serialize = "origin-rsa")]
    Rsa,
    #[strum(serialize = "origin-ecc")]
    Ecc,
}

/// A certificate signing request with a valid signature.
pub(super) struct Csr {
    key: SubjectPublicKeyInfo,
    pub(super) kind: KeyKind,
}

/// Why a certificate signing request is invalid.
#[derive(Debug, thiserror::Error)]
pub(super) enum BadCsr {
    #[error("not a certificate signing request in PEM")]
    Form,
    #[error("the signature does not match the key")]
    Signature,
    #[error("unsupported kind of key")]
    Key,
}

impl Csr {
    /// Parses a request. Only its key is used: the API passes the host names separately.
    pub(super) fn parse(text: &str) -> Result<Self, BadCsr> {
        let (_, pem) =
            x509_parser::pem::parse_x509_pem(text.as_bytes()).map_err(|_| BadCsr::Form)?;
        let (_, request) =
            X509CertificationRequest::from_der(&pem.contents).map_err(|_| BadCsr::Form)?;
        request.verify_signature().map_err(|_| BadCsr::Signature)?;
        let key = &request.certification_request_info.subject_pki;
        let kind = match key.parsed() {
            Ok(PublicKey::RSA(_)) => KeyKind::Rsa,
            Ok(PublicKey::EC(_)) => KeyKind::Ecc,
            _ => return Err(BadCsr::Key),
        };
        let key = SubjectPublicKeyInfo::from_der(key.raw).map_err(|_| BadCsr::Key)?;
        Ok(Self { key, kind })
    }
}

impl Authority {
    /// Creates the root.
    ///
    /// # Errors
    /// When the system provides no randomness.
    pub(super) fn new() -> Result<Self, rcgen::Error> {
        let mut params = self::params("Sandbox Origin CA");
        params.is_ca = IsCa::Ca(BasicConstraints::Constrained(0));
        params.key_usages = vec![KeyUsagePurpose::KeyCertSign, KeyUsagePurpose::CrlSign];
        params.not_before = OffsetDateTime::now_utc() - Duration::days(1);
        params.not_after = params.not_before + Duration::days(ROOT_DAYS);
        let key = KeyPair::generate()?;
        let root = params.self_signed(&key)?.pem();
        Ok(Self {
            issuer: Issuer::new(params, key),
            root,
        })
    }

    /// The root certificate in PEM.
    pub(super) fn root(&self) -> &str {
        &self.root
    }

    /// Signs a certificate for the request's key and these host names, and returns it in PEM.
    pub(super) fn sign(
        &self,
        csr: &Csr,
        hostnames: &[String],
        serial: u128,
        expires: OffsetDateTime,
    ) -> Result<String, rcgen::Error> {
        let mut params = CertificateParams::new(hostnames)?;
        params.distinguished_name = self::params("Sandbox Origin Certificate").distinguished_name;
        params.serial_number = Some(SerialNumber::from_slice(&serial.to_be_bytes()));
        params.is_ca = IsCa::ExplicitNoCa;
        params.key_usages = vec![
            KeyUsagePurpose::DigitalSignature,
            KeyUsagePurpose::KeyEncipherment,
        ];
        params.extended_key_usages = vec![
            ExtendedKeyUsagePurpose::ServerAuth,
            ExtendedKeyUsagePurpose::ClientAuth,
        ];
        params.use_authority_key_identifier_extension = true;
        params.not_before = OffsetDateTime::now_utc();
        params.not_after = expires;
        Ok(params.signed_by(&csr.key, &self.issuer)?.pem())
    }
}

fn params(common_name: &str) -> CertificateParams {
    let mut params = CertificateParams::default();
    params.distinguished_name = rcgen::DistinguishedName::new();
    params
        .distinguished_name
        .push(DnType::OrganizationName, "nex sandbox");
    params
        .distinguished_name
        .push(DnType::CommonName, common_name);
    params
}
