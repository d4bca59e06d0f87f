//! Questions to the operator.

use std::io::{IsTerminal as _, Write as _};

use anyhow::ensure;

/// Asks a yes-or-no question. Only `y` and `yes` mean yes.
///
/// # Errors
/// If stdin is not a terminal.
pub(crate) fn confirm(question: &str) -> anyhow::Result<bool> {
    let answer = ask(&format!("{question} [y/N] "), "--yes")?;
    Ok(matches!(answer.to_lowercase().as_str(), "y" | "yes"))
}

/// Asks for a line of text. `option` is the option that replaces the question.
///
/// # Errors
/// If stdin is not a terminal.
pub(crate) fn ask(question: &str, option: &str) -> anyhow::Result<String> {
    ensure!(
        std::io::stdin().is_terminal(),
        "can't ask without a terminal, and {option} was not given: {question}"
    );
    let mut stderr = std::io::stderr().lock();
    write!(stderr, "{question}")?;
    stderr.flush()?;
    let mut answer = String::new();
    std::io::stdin().read_line(&mut answer)?;
    Ok(answer.trim().to_owned())
}
