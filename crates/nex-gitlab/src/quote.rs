//! Text as the readers of our files want it: ruby, a shell, a shell's here-document.

use std::fmt::Write as _;

/// A ruby string that evaluates to `text`, whatever stands in it. Only printable ASCII comes out, because the
/// locale in which Omnibus reads its file at boot is not known.
pub(crate) fn ruby(text: &str) -> String {
    if text
        .chars()
        .all(|c| matches!(c, ' '..='~') && !matches!(c, '\'' | '\\'))
    {
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

/// A shell word that evaluates to `text`; a NUL can't be had in a shell.
pub(crate) fn shell(text: &str) -> String {
    format!("'{}'", text.replace('\'', r"'\''"))
}

/// `content` as a here-document that gives it back byte for byte. The delimiter is one that no line of it equals.
pub(crate) fn here_document(command: &str, content: &str) -> String {
    debug_assert!(
        content.ends_with('\n'),
        "a here-document ends its last line"
    );
    let mut delimiter = String::from("EOF");
    while content.lines().any(|line| line == delimiter) {
        delimiter.push('_');
    }
    format!("{command} <<'{delimiter}'\n{content}{delimiter}\n")
}
