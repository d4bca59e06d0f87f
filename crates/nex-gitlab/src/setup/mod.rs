//! The user data: the set-up script with the server's files embedded.

use crate::file::File;
use crate::quote::here_document;

const SCRIPT: &str = include_str!("setup.sh");
/// The line of the script that the files replace.
const MARKER: &str = "  # @files@\n";

pub(crate) fn script(files: &[File]) -> String {
    let documents: String = files
        .iter()
        .map(|file| {
            here_document(
                &format!("  put {} {}", file.mode, file.path()),
                &file.content,
            )
        })
        .collect();
    SCRIPT.replacen(MARKER, &documents, 1)
}
