//! The crate's output: every file of a runner host, and the user data that installs the files.

use std::collections::BTreeMap;

use nex_plan::Problems;

use crate::files::host_files;
use crate::inputs::Inputs;
use crate::spec::Spec;
use crate::user_data::script;

/// The largest user data that EC2 accepts, in bytes before base64.
/// Source: <https://docs.aws.amazon.com/AWSEC2/latest/UserGuide/instancedata-add-user-data.html>.
pub const USER_DATA_LIMIT: usize = 16 * 1024;

/// Why a runner host cannot be rendered.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum Error {
    /// The spec or the inputs have problems.
    #[error("the runner's values cannot be rendered: {}", one_line(.0))]
    Problems(Problems),
    /// The user data exceeds [`USER_DATA_LIMIT`].
    #[error(
        "the runner's user data is {size} bytes, {} more than EC2's limit of {USER_DATA_LIMIT}",
        size - USER_DATA_LIMIT
    )]
    TooLarge {
        /// The size, in bytes before base64.
        size: usize,
    },
}

/// Every file by name: the files that the user data installs, and `user-data` itself, whatever its size.
///
/// The values must pass [`Spec::validate`] and [`Inputs::validate`]; [`user_data`] checks both.
pub fn files(spec: &Spec, inputs: &Inputs) -> BTreeMap<&'static str, String> {
    let files = host_files(spec, inputs);
    let script = script(spec, inputs, &files);
    files
        .into_iter()
        .map(|file| (file.name, file.content))
        .chain([("user-data", script)])
        .collect()
}

/// The script that cloud-init runs when a host boots.
///
/// # Errors
/// [`Error::Problems`] if the spec or the inputs have problems, [`Error::TooLarge`] if the script exceeds
/// [`USER_DATA_LIMIT`].
pub fn user_data(spec: &Spec, inputs: &Inputs) -> Result<String, Error> {
    let mut problems = spec.validate();
    problems.extend_under("inputs", inputs.validate());
    problems.into_result().map_err(Error::Problems)?;
    let script = script(spec, inputs, &host_files(spec, inputs));
    let size = script.len();
    if size > USER_DATA_LIMIT {
        return Err(Error::TooLarge { size });
    }
    Ok(script)
}

fn one_line(problems: &Problems) -> String {
    let texts = problems.clone().into_iter().map(|p| p.to_string());
    texts.collect::<Vec<_>>().join("; ")
}
