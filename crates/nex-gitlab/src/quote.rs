//! Quoting for the programs that read the rendered files: ruby and bash.

use std::fmt::Write as _;

/// A ruby string literal for any `text`. The literal is printable ASCII, because the locale in which Omnibus reads the
/// file at boot is unknown.
pub(crate) fn ruby(text: &str) -> String {
    let plain = |c| matches!(c, ' '..='~') && !matches!(c, '\'' | '\\');
    if text.chars().all(plain) {
        return format!("'{text}'");
    }
    let mut out = String::from("\"");
    for c in text.chars() {
        match c {
            // `#` starts an interpolation before `{`, `$` and `@`.
            '"' | '\\' | '#' => out.extend(['\\', c]),
            '\n' => out.push_str("\\n"),
            ' '..='~' => out.push(c),
            c => {
                let _ = write!(out, "\\u{{{:x}}}", u32::from(c));
            }
        }
    }
    out.push('"');
    out
}

/// A shell word for any `text` without a NUL character, which no shell can hold.
pub(crate) fn shell(text: &str) -> String {
    format!("'{}'", text.replace('\'', r"'\''"))
}

/// `command` with a here-document that feeds it `content` byte for byte. No line of `content` equals the delimiter.
pub(crate) fn here_document(command: &str, content: &str) -> String {
    debug_assert!(
        content.ends_with('\n'),
        "a here-document always ends with a newline"
    );
    let mut delimiter = String::from("EOF");
    while content.lines().any(|line| line == delimiter) {
        delimiter.push('_');
    }
    format!("{command} <<'{delimiter}'\n{content}{delimiter}\n")
}
