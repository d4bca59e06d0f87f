//! Keys, signing requests and fingerprints. Private keys are generated here and stored only in the secret.

use rcgen::{CertificateParams, DistinguishedName, KeyPair, PublicKeyData as _};
use rsa::PrivateKey;
use rsa::pkcs8::{EncodePrivateKey as _, LineEnding};
use rustls_pki_types::CertificateDer;
use rustls_pki_types::pem::PemObject as _;
use secrecy::SecretString;
use sha2::{Digest as _, Sha256};
use system_random::SysRng;
use time::OffsetDateTime;
use webpki::EndEntityCert;

use super::secret::{CertificateTerms, Pending};
use crate::spec::KeyType;

/// The size of an RSA key in bits: the same as of the keys that Cloudflare generates itself.
const RSA_BITS: usize = 2048;

/// A key or its signing request could not be generated.
#[derive(Debug, thiserror::Error)]
pub enum KeyError {
    /// The RSA key could not be generated.
    #[error("failed to generate an RSA key")]
    Rsa(#[from] rsa::Error),
    /// The RSA key could not be encoded.
    #[error("failed to encode the RSA key")]
    Form(#[from] rsa::pkcs8::Error),
    /// The ECDSA key or the signing request could not be generated.
    #[error("failed to generate a key or its signing request")]
    Request(#[from] rcgen::Error),
}

/// A new key with its signing request.
pub(crate) fn generate(terms: CertificateTerms, now: OffsetDateTime) -> Result<Pending, KeyError> {
    let pair = match terms.key_type {
        KeyType::Ecdsa => KeyPair::generate_for(&rcgen::PKCS_ECDSA_P256_SHA256)?,
        // ring signs with RSA keys and does not generate them.
        KeyType::Rsa => {
            let key = PrivateKey::new(&mut SysRng, RSA_BITS)?;
            KeyPair::from_pem(&key.to_pkcs8_pem(LineEnding::LF)?)?
        }
    };
    let hostnames: Vec<String> = terms.hostnames.iter().cloned().collect();
    let mut params = CertificateParams::new(hostnames)?;
    // Cloudflare writes the subject itself.
    params.distinguished_name = DistinguishedName::new();
    Ok(Pending {
        csr: params.serialize_request(&pair)?.pem()?,
        public_key: fingerprint(&pair.subject_public_key_info()),
        key: pair.serialize_pem().into(),
        claimed: now,
        terms,
    })
}

/// The fingerprint of a public key (SPKI, DER): its SHA-256 in hex.
pub fn fingerprint(public_key: &[u8]) -> String {
    let digest = Sha256::digest(public_key);
    hex::encode(digest)
}

/// The fingerprint of the public key in a certificate (PEM); `None` if the text is not a certificate.
pub fn fingerprint_of_certificate(pem: &str) -> Option<String> {
    let der = CertificateDer::from_pem_slice(pem.as_bytes()).ok()?;
    let certificate = EndEntityCert::try_from(&der).ok()?;
    Some(fingerprint(&certificate.subject_public_key_info()))
}

/// The fingerprint of the public key that belongs to a private one.
pub fn fingerprint_of_key(pem: &SecretString) -> Option<String> {
    let pair = KeyPair::from_pem(secrecy::ExposeSecret::expose_secret(pem)).ok()?;
    Some(fingerprint(&pair.subject_public_key_info()))
}
