//! The crate's output: every file of a server, and the user data that installs the files.

use std::collections::BTreeMap;

use crate::file::server_files;
use crate::inputs::Inputs;
use crate::setup;
use crate::spec::Spec;

/// The largest user data that EC2 accepts, in bytes before base64.
/// Source: <https://docs.aws.amazon.com/AWSEC2/latest/UserGuide/instancedata-add-user-data.html>.
pub const USER_DATA_LIMIT: usize = 16 * 1024;

/// Why a server cannot be rendered.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub enum Error {
    /// The user data exceeds [`USER_DATA_LIMIT`].
    #[error(
        "the user data is {size} bytes, {} more than EC2's limit of {USER_DATA_LIMIT}",
        size - USER_DATA_LIMIT
    )]
    TooLarge {
        /// The size, in bytes.
        size: usize,
    },
    /// The spec has a mail section, but the inputs do not name the secret of the relay's password.
    #[error("the mail section needs the name of the secret that holds the relay's password")]
    MailPasswordMissing,
    /// A value contains a NUL character, which no shell can hold.
    #[error("a value contains a NUL character")]
    Nul,
}

/// Every file that nex installs on the server, by name, and the `user-data` that contains the files.
/// The files name secrets, but never hold their values.
pub fn files(spec: &Spec, inputs: &Inputs) -> BTreeMap<&'static str, String> {
    let files = server_files(spec, inputs);
    let script = setup::script(&files);
    files
        .into_iter()
        .map(|file| (file.name, file.content))
        .chain([("user-data", script)])
        .collect()
}

/// The script that the server runs at its first boot.
///
/// # Errors
/// [`Error::MailPasswordMissing`] if the mail relay's password has no secret, [`Error::Nul`] if a value contains a NUL
/// character, [`Error::TooLarge`] if the script exceeds [`USER_DATA_LIMIT`].
pub fn user_data(spec: &Spec, inputs: &Inputs) -> Result<String, Error> {
    if spec.mail.is_some() && inputs.secrets.mail_password.is_none() {
        return Err(Error::MailPasswordMissing);
    }
    let script = setup::script(&server_files(spec, inputs));
    let size = script.len();
    if script.contains('\0') {
        Err(Error::Nul)
    } else if size > USER_DATA_LIMIT {
        Err(Error::TooLarge { size })
    } else {
        Ok(script)
    }
}
