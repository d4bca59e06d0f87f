//! The certificate authorities that AWS's answers are checked against: the machine's own, or those of a file.

use std::error::Error as StdError;
use std::path::{Path, PathBuf};

use aws_smithy_http_client::tls::{TlsContext, TrustStore};
use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use rustls_pki_types::CertificateDer;
use rustls_pki_types::pem::PemObject as _;

use super::Error;

/// The variable with the file, as the `aws` command and boto3 read it.
const VARIABLE: &str = "AWS_CA_BUNDLE";

/// What to trust: only the certificates of `file`, or of the file that AWS_CA_BUNDLE names, or the machine's.
///
/// # Errors
/// [`Error::CaBundle`] if the file can't be read or has no certificate that can be used.
pub(super) fn tls_context(file: Option<&Path>) -> Result<TlsContext, Error> {
    let variable = std::env::var_os(VARIABLE).filter(|value| !value.is_empty());
    let Some(path) = file.map(Path::to_owned).or(variable.map(PathBuf::from)) else {
        return Ok(TlsContext::default());
    };
    of_file(&path).map_err(|source| Error::CaBundle { path, source })
}

fn of_file(path: &Path) -> Result<TlsContext, Box<dyn StdError + Send + Sync>> {
    let pem = usable(&std::fs::read(path)?)?;
    if pem.is_empty() {
        return Err("it has no certificate in PEM that can be used".into());
    }
    let store = TrustStore::empty().with_pem_certificate(pem);
    Ok(TlsContext::builder().with_trust_store(store).build()?)
}

/// The certificates that can be trusted, as PEM: the SDK panics at any other. Bundles have texts beside the
/// certificates, and some have certificates of an old form.
fn usable(text: &[u8]) -> Result<String, rustls_pki_types::pem::Error> {
    let mut pem = String::new();
    for certificate in CertificateDer::pem_slice_iter(text) {
        let certificate = certificate?;
        if webpki::anchor_from_trusted_cert(&certificate).is_ok() {
            let body = STANDARD.encode(&certificate);
            pem.push_str(&format!(
                "-----BEGIN CERTIFICATE-----\n{body}\n-----END CERTIFICATE-----\n"
            ));
        }
    }
    Ok(pem)
}

#[cfg(test)]
mod tests {
    use nex_plan::chain;

    use super::*;

    /// PEM around bytes that are not a certificate.
    const ODD: &str = "-----BEGIN CERTIFICATE-----\nAAAA\n-----END CERTIFICATE-----\n";

    fn error(text: &str) -> String {
        let folder = tempfile::tempdir().expect("a folder");
        let path = folder.path().join("ca.pem");
        std::fs::write(&path, text).expect("a file");
        let error = tls_context(Some(&path)).expect_err("no certificate");
        chain(&error).replace(folder.path().to_str().expect("text"), "")
    }

    #[test]
    fn what_can_not_be_trusted_is_left_out_of_a_bundle() {
        let root = rcgen::generate_simple_self_signed(vec!["ca.example".to_owned()]);
        let root = root.expect("a certificate").cert;
        let text = format!("# Ours\n{ODD}{0}\nTheirs\n{0}", root.pem());
        let pem = usable(text.as_bytes()).expect("PEM");
        let certificates = CertificateDer::pem_slice_iter(pem.as_bytes());
        let certificates: Vec<_> = certificates.map(|one| one.expect("PEM")).collect();
        assert_eq!(certificates, [root.der().clone(), root.der().clone()]);
    }

    #[test]
    fn a_file_without_a_certificate_is_an_error_that_names_it() {
        let nothing =
            "failed to read the CA bundle /ca.pem: it has no certificate in PEM that can be used";
        for text in ["", "none", ODD] {
            assert_eq!(error(text), nothing, "{text}");
        }
        let cut = error("-----BEGIN CERTIFICATE-----\nAAAA\n");
        assert!(
            cut.starts_with("failed to read the CA bundle /ca.pem: "),
            "{cut}"
        );
        let gone = tls_context(Some(Path::new("/nonexistent"))).expect_err("no file");
        assert!(
            chain(&gone).contains("/nonexistent: No such file"),
            "{gone}"
        );
    }
}
