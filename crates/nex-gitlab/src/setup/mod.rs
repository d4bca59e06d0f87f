//! The user data: the set-up script with the server's files inside.

use crate::quote::here_document;
use crate::render::File;

const SCRIPT: &str = include_str!("setup.sh");
/// The line of the script in whose place the files come.
const MARKER: &str = "  # @files@\n";

pub(crate) fn script(files: &[File]) -> String {
    let files: String = files
        .iter()
        .map(|file| here_document(&format!("  put {} {}", file.mode, file.path), &file.content))
        .collect();
    SCRIPT.replacen(MARKER, &files, 1)
}
