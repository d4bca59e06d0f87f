//! The user data: the bootstrap script with the host's values and files embedded.

use std::fmt::Write as _;

use crate::files::HostFile;
use crate::inputs::Inputs;
use crate::spec::Spec;

const SCRIPT: &str = include_str!("files/bootstrap.sh");
/// The line of the script that the values replace.
const VALUES: &str = "# @VALUES@\n";
/// The line of the script that the files replace.
const FILES: &str = "# @FILES@\n";

pub(crate) fn script(spec: &Spec, inputs: &Inputs, files: &[HostFile]) -> String {
    // Splitting, because a value may contain a marker.
    let (head, rest) = SCRIPT.split_once(VALUES).expect("the script has a marker");
    let (body, tail) = rest.split_once(FILES).expect("the script has a marker");
    [
        head,
        &values(spec, inputs),
        body,
        &here_documents(files),
        tail,
    ]
    .concat()
}

fn values(spec: &Spec, inputs: &Inputs) -> String {
    [
        ("ENVIRONMENT", &inputs.environment),
        ("GROUP", &inputs.group_name),
        ("REGION", &inputs.region),
        ("TOKEN_SECRET", &inputs.token_secret),
        ("RUNNER_VERSION", &spec.version),
    ]
    .map(|(name, value)| format!("readonly {name}={}\n", shell_quote(value)))
    .concat()
}

/// A single bash word for any text.
fn shell_quote(text: &str) -> String {
    format!("'{}'", text.replace('\'', r"'\''"))
}

/// A call of `put` for each file. The delimiters are quoted, so that bash expands nothing in the content.
fn here_documents(files: &[HostFile]) -> String {
    let mut text = String::new();
    for file in files {
        let HostFile {
            path,
            mode,
            content,
            ..
        } = file;
        let end = delimiter(content);
        let newline = if content.ends_with('\n') { "" } else { "\n" };
        let _ = write!(
            text,
            "  put {mode} {path} <<'{end}'\n{content}{newline}{end}\n"
        );
    }
    text
}

/// A line that the content does not contain, so that no value ends its here-document early.
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
    fn a_delimiter_in_the_content_is_avoided() {
        assert_eq!(
            delimiter("a\nEND_OF_FILE\nb\nEND_OF_FILE_\n"),
            "END_OF_FILE__"
        );
        assert_eq!(delimiter("END_OF_FILE at the start"), "END_OF_FILE");
    }
}
