//! The addresses of a sandbox, and the environment variables that make clients use them.

use std::collections::BTreeMap;
use std::path::PathBuf;

use serde::{Deserialize, Serialize};

use crate::cloudflare;
use crate::sandbox::REGION;

/// How clients reach a sandbox. `state.json` has the same keys.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Endpoints {
    /// The URL of the AWS gateway: `http://127.0.0.1:PORT`.
    #[serde(rename = "endpoint")]
    pub aws: String,
    /// The URL of the AWS gateway over TLS, for S3: `https://127.0.0.1:PORT`.
    #[serde(default, rename = "s3_endpoint")]
    pub s3: String,
    /// A file with the root certificate, as PEM, that clients of S3 must trust.
    #[serde(default)]
    pub ca_file: PathBuf,
    /// The base URL of the Cloudflare emulator: `http://127.0.0.1:PORT/client/v4/`.
    #[serde(default, rename = "cloudflare_url")]
    pub cloudflare: String,
}

impl Endpoints {
    /// The environment variables that point AWS and Cloudflare clients at the sandbox.
    pub fn env(&self) -> BTreeMap<&'static str, String> {
        let mut env = BTreeMap::from([
            ("AWS_ENDPOINT_URL", self.aws.clone()),
            ("AWS_ENDPOINT_URL_S3", self.s3.clone()),
            ("AWS_CA_BUNDLE", self.ca_file.display().to_string()),
            ("AWS_ACCESS_KEY_ID", "sandbox".to_owned()),
            ("AWS_SECRET_ACCESS_KEY", "sandbox".to_owned()),
            ("AWS_REGION", REGION.to_owned()),
            ("AWS_DEFAULT_REGION", REGION.to_owned()),
            ("AWS_EC2_METADATA_DISABLED", "true".to_owned()),
        ]);
        env.extend(cloudflare::env(&self.cloudflare));
        env
    }
}
