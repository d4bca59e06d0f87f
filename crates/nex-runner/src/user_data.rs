//! User data: one bash script that holds the files and installs them.

use std::collections::BTreeMap;
use std::fmt::Write as _;

use nex_plan::Problems;

use crate::files::{PLACES, on_the_host};
use crate::inputs::Inputs;
use crate::spec::Spec;

/// What EC2 takes, before base64.
pub const LIMIT: usize = 16 * 1024;

/// Where the values and the files go in.
const VALUES: &str = "# @VALUES@\n";
const FILES: &str = "# @FILES@\n";

/// Why there is no user data.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum Error {
    /// The spec or the inputs are wrong; the problems say how.
    #[error("the runner's values cannot be rendered: {}", list(.0))]
    Problems(Problems),
    /// The script is larger than EC2 takes.
    #[error("the runner's user data has {size} bytes, {} more than EC2 takes", size - LIMIT)]
    TooLarge {
        /// Its bytes, before base64.
        size: usize,
    },
}

/// The script that cloud-init runs at a host's boot, as EC2 takes it: at most [`LIMIT`] bytes, before base64.
///
/// # Errors
/// [`Error::Problems`] if the spec or the inputs are wrong, [`Error::TooLarge`] with the size if EC2 would refuse it.
pub fn user_data(spec: &Spec, inputs: &Inputs) -> Result<String, Error> {
    let mut problems = spec.validate();
    problems.extend_under("inputs", inputs.validate());
    if !problems.is_empty() {
        return Err(Error::Problems(problems));
    }
    let script = script(spec, inputs, &on_the_host(spec, inputs));
    if script.len() > LIMIT {
        return Err(Error::TooLarge { size: script.len() });
    }
    Ok(script)
}

fn list(problems: &Problems) -> String {
    let lines = problems
        .clone()
        .into_iter()
        .map(|problem| problem.to_string());
    lines.collect::<Vec<_>>().join("; ")
}

pub(crate) fn script(
    spec: &Spec,
    inputs: &Inputs,
    files: &BTreeMap<&'static str, String>,
) -> String {
    let frame = include_str!("files/bootstrap.sh");
    let (head, rest) = frame.split_once(VALUES).expect("the frame has its marks");
    let (body, tail) = rest.split_once(FILES).expect("the frame has its marks");
    [head, &values(spec, inputs), body, &documents(files), tail].concat()
}

fn values(spec: &Spec, inputs: &Inputs) -> String {
    let pairs = [
        ("ENVIRONMENT", &inputs.environment),
        ("GROUP", &inputs.group_name),
        ("REGION", &inputs.region),
        ("TOKEN_SECRET", &inputs.token_secret),
        ("RUNNER_VERSION", &spec.version),
    ];
    let lines = pairs.map(|(name, value)| format!("readonly {name}={}\n", quoted(value)));
    lines.concat()
}

/// One word of bash, whatever is in it.
fn quoted(text: &str) -> String {
    format!("'{}'", text.replace('\'', r"'\''"))
}

/// A `put` with a quoted here-document for each file: bash reads its lines as they are.
fn documents(files: &BTreeMap<&'static str, String>) -> String {
    let mut text = String::new();
    for place in &PLACES {
        let content = files.get(place.name).map_or("", String::as_str);
        let end = delimiter(content);
        let line_end = if content.ends_with('\n') { "" } else { "\n" };
        let _ = write!(
            text,
            "  put {} {} <<'{end}'\n{content}{line_end}{end}\n",
            place.mode, place.path
        );
    }
    text
}

/// A line that the content does not have, so that no value can end its document early.
fn delimiter(content: &str) -> String {
    let mut end = "END_OF_FILE".to_owned();
    while content.lines().any(|line| line.trim_end() == end) {
        end.push('_');
    }
    end
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_line_like_the_delimiter_changes_the_delimiter() {
        assert_eq!(
            delimiter("a\nEND_OF_FILE\nb\nEND_OF_FILE_\n"),
            "END_OF_FILE__"
        );
        assert_eq!(delimiter("END_OF_FILE at the start"), "END_OF_FILE");
    }
}
