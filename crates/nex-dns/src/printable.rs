//! Texts of others, for a terminal.

/// A text with its control characters escaped: a terminal executes these, and could hide lines of a plan.
pub(crate) fn printable(text: impl AsRef<str>) -> String {
    let mut printable = String::new();
    for c in text.as_ref().chars() {
        if c.is_control() {
            printable.extend(c.escape_default());
        } else {
            printable.push(c);
        }
    }
    printable
}
