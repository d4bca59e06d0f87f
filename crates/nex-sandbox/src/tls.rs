//! The TLS of the sandbox's S3: a certificate for this machine, signed by a certificate authority of each start's own.

use std::error::Error;
use std::sync::Arc;

use rcgen::{
    BasicConstraints, CertificateParams, DistinguishedName, DnType, ExtendedKeyUsagePurpose, IsCa,
    Issuer, KeyPair, KeyUsagePurpose,
};
use tokio_rustls::TlsAcceptor;
use tokio_rustls::rustls::ServerConfig;
use tokio_rustls::rustls::crypto::ring;
use tokio_rustls::rustls::pki_types::PrivatePkcs8KeyDer;

/// The names by which a client may reach the sandbox.
const NAMES: [&str; 2] = ["127.0.0.1", "localhost"];

/// A server's side of TLS.
pub(crate) struct Tls {
    /// Accepts connections.
    pub(crate) acceptor: TlsAcceptor,
    /// The root certificate, as PEM, that clients must trust.
    pub(crate) root: String,
}

impl Tls {
    /// Creates the authority, and a certificate for [`NAMES`].
    ///
    /// # Errors
    /// When the system provides no randomness.
    pub(crate) fn new() -> Result<Self, Box<dyn Error + Send + Sync>> {
        let mut authority = params(vec![], "Sandbox TLS CA")?;
        authority.is_ca = IsCa::Ca(BasicConstraints::Constrained(0));
        authority.key_usages = vec![KeyUsagePurpose::KeyCertSign, KeyUsagePurpose::CrlSign];
        let authority_key = KeyPair::generate()?;
        let root = authority.self_signed(&authority_key)?.pem();

        let mut server = params(NAMES.map(str::to_owned).to_vec(), "Sandbox S3")?;
        server.key_usages = vec![KeyUsagePurpose::DigitalSignature];
        server.extended_key_usages = vec![ExtendedKeyUsagePurpose::ServerAuth];
        // Strict clients, such as Python 3.13, demand it.
        server.use_authority_key_identifier_extension = true;
        let key = KeyPair::generate()?;
        let issuer = Issuer::new(authority, authority_key);
        let certificate = server.signed_by(&key, &issuer)?;

        let config = ServerConfig::builder_with_provider(Arc::new(ring::default_provider()))
            .with_safe_default_protocol_versions()?
            .with_no_client_auth()
            .with_single_cert(
                vec![certificate.der().clone()],
                PrivatePkcs8KeyDer::from(key.serialize_der()).into(),
            )?;
        Ok(Self {
            acceptor: TlsAcceptor::from(Arc::new(config)),
            root,
        })
    }
}

fn params(names: Vec<String>, common_name: &str) -> Result<CertificateParams, rcgen::Error> {
    let mut params = CertificateParams::new(names)?;
    params.distinguished_name = DistinguishedName::new();
    params
        .distinguished_name
        .push(DnType::CommonName, common_name);
    Ok(params)
}
